namespace SafeRlhfV.Models;

/// <summary>Changes the text between added tokens before it is cut into pieces.</summary>
internal abstract class TextNormalizer
{
    public abstract string Apply(string text);
}
