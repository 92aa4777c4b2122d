using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>Puts a text in front of all that is not empty.</summary>
internal sealed class PrependNormalizer(string prepend) : TextNormalizer
{
    public override string Apply(string text) => text.Length == 0 ? text : prepend + text;
}

/// <summary>Replaces every match of a pattern.</summary>
internal sealed class ReplaceNormalizer(TextPattern pattern, string content) : TextNormalizer
{
    public override string Apply(string text) => pattern.Replace(text, content);

    public override bool DropsStart(string text)
    {
        if (content.Length > 0) return false;
        List<TextMatch> matches = [];
        pattern.Find(text, matches);
        return matches.Count > 0 && matches[0] is { Start: 0, End: > 0 };
    }
}

/// <summary>One of Unicode's normalisation forms.</summary>
internal sealed class UnicodeNormalizer(bool compose, bool compatibility) : TextNormalizer
{
    public override string Apply(string text) => UnicodeForms.Apply(text, compose, compatibility);
}

/// <summary>Lower case, character by character (a final sigma is none).</summary>
internal sealed class LowercaseNormalizer : TextNormalizer
{
    public override string Apply(string text) =>
        // the one character whose lower case is two
        text.ToLowerInvariant().Replace("\u0130", "i\u0307", StringComparison.Ordinal);
}

/// <summary>Takes white space off the ends.</summary>
internal sealed class StripNormalizer(bool left, bool right) : TextNormalizer
{
    public override string Apply(string text)
    {
        if (left) text = text.TrimStart();
        return right ? text.TrimEnd() : text;
    }

    public override bool DropsStart(string text) => left && text.Length > 0 && char.IsWhiteSpace(text[0]);
}

/// <summary>Takes all marks out, which is of use after a decomposing form.</summary>
internal sealed class StripAccentsNormalizer : TextNormalizer
{
    public override string Apply(string text)
    {
        if (text.AsSpan().IndexOfAnyExceptInRange('\0', '\u02FF') < 0) return text;
        StringBuilder kept = new(text.Length);
        foreach (Rune rune in text.EnumerateRunes()) if (!UnicodeForms.IsMark(rune)) kept.Append(rune.ToString());
        return kept.ToString();
    }

    public override bool DropsStart(string text) => Rune.TryGetRuneAt(text.Length == 0 ? " " : text, 0, out Rune first)
        && UnicodeForms.IsMark(first);
}

/// <summary>One after the other.</summary>
internal sealed class NormalizerSequence(IReadOnlyList<TextNormalizer> normalizers) : TextNormalizer
{
    public override string Apply(string text)
    {
        foreach (TextNormalizer normalizer in normalizers) text = normalizer.Apply(text);
        return text;
    }

    public override bool DropsStart(string text)
    {
        foreach (TextNormalizer normalizer in normalizers)
        {
            if (normalizer.DropsStart(text)) return true;
            text = normalizer.Apply(text);
        }
        return false;
    }
}
