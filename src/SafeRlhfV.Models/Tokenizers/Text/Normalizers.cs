namespace SafeRlhfV.Models;

/// <summary>Puts a text in front of all that is not empty.</summary>
internal sealed class PrependNormalizer(string prepend) : TextNormalizer
{
    public override string Apply(string text) => text.Length == 0 ? text : prepend + text;
}

/// <summary>Replaces every match of a pattern.</summary>
internal sealed class ReplaceNormalizer(TextPattern pattern, string content) : TextNormalizer
{
    public override string Apply(string text) => pattern.Replace(text, content);
}

/// <summary>One after the other.</summary>
internal sealed class NormalizerSequence(IReadOnlyList<TextNormalizer> normalizers) : TextNormalizer
{
    public override string Apply(string text)
    {
        foreach (TextNormalizer normalizer in normalizers) text = normalizer.Apply(text);
        return text;
    }
}
