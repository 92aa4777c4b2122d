namespace SafeRlhfV.Processing;

/// <summary>
/// Decodes ids one at a time: text is given out as soon as it is whole, never half a character. A window of ids is decoded again with each new one,
/// since the text of a token may depend on those before it.
/// </summary>
public sealed class TokenStream
{
    private const char Broken = '\uFFFD';

    private readonly Tokenizer tokenizer;
    private readonly bool skipSpecialTokens;
    private readonly List<int> window = [];
    private int given;
    private string prefix = "";

    internal TokenStream(Tokenizer tokenizer, bool skipSpecialTokens) => (this.tokenizer, this.skipSpecialTokens) = (tokenizer, skipSpecialTokens);

    /// <summary>Takes the next id; gives the text that is now certain, or null if there is none yet.</summary>
    public string? Push(int id)
    {
        window.Add(id);
        string text = tokenizer.Decode(window, skipSpecialTokens);
        if (text.EndsWith(Broken)) return null;
        if (!text.StartsWith(prefix, StringComparison.Ordinal))
        {
            // a stray byte broke the run of bytes before it; what was given out stays, the rest stands for itself
            window.RemoveRange(0, given);
            (given, prefix) = (0, "");
            text = tokenizer.Decode(window, skipSpecialTokens);
            if (text.EndsWith(Broken)) return null;
        }
        return text.Length > prefix.Length ? Give(text) : null;
    }

    /// <summary>Ends the stream: the text of what is left, in which broken sequences are U+FFFD; null if nothing is.</summary>
    public string? Finish()
    {
        string text = tokenizer.Decode(window, skipSpecialTokens);
        if (!text.StartsWith(prefix, StringComparison.Ordinal)) (text, prefix) = (tokenizer.Decode(window.Skip(given), skipSpecialTokens), "");
        return text.Length > prefix.Length ? Give(text) : null;
    }

    private string Give(string text)
    {
        string fresh = text[prefix.Length..];
        window.RemoveRange(0, given);
        given = window.Count;
        prefix = tokenizer.Decode(window, skipSpecialTokens);
        return fresh;
    }
}
