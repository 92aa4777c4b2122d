namespace SafeRlhfV.Processing;

/// <summary>Turns tokens back into the stretches of a text, which are then joined.</summary>
internal abstract class TokenDecoder
{
    public abstract List<string> Apply(List<string> tokens);
}
