namespace SafeRlhfV.Processing;

/// <summary>Changes the text between added tokens before it is cut into pieces.</summary>
internal abstract class TextNormalizer
{
    public abstract string Apply(string text);

    /// <summary>True if the text's first characters are left out, so that what remains no longer counts as the beginning.</summary>
    public virtual bool DropsStart(string text) => false;
}
