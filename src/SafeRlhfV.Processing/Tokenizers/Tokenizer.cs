using System.Collections.Concurrent;

namespace SafeRlhfV.Processing;

/// <summary>
/// A checkpoint's tokenizer, read from its tokenizer.json: the ids and texts are those of Hugging Face's engine. May be used by several threads.
/// Truncation and padding that the file may name are left to the caller, as transformers does it; clean_up_tokenization_spaces is never applied.
/// </summary>
public sealed class Tokenizer
{
    private readonly TokenizerParts parts;
    private readonly string?[] tokens, written;
    private readonly Dictionary<string, int> ids;
    private readonly HashSet<int> special = [];
    private readonly AddedTokenFinder given, normalized;
    private readonly bool normalizedSpecial;
    private readonly ConcurrentBag<EncodeRun> runs = [];
    private readonly Lazy<TokenizerParts> guarded;

    internal Tokenizer(TokenizerParts parts)
    {
        this.parts = parts;
        ids = new(parts.Model.Vocabulary);
        Size = Math.Max(ids.Count == 0 ? -1 : ids.Values.Max(), parts.Added.Count == 0 ? -1 : parts.Added.Max(token => token.Id)) + 1;
        tokens = new string?[Size];
        foreach ((string token, int id) in ids) tokens[id] = token;
        int next = ids.Count;
        foreach (AddedToken token in parts.Added) Add(token, ref next);
        foreach (int id in parts.Template.Single.Concat(parts.Template.Pair ?? []).Where(part => part.Text == 0).Select(part => part.Id))
            if (Find(tokens, id) is null)
                throw new InvalidInputException($"{parts.Path}: the post-processor adds id {id}, which no token has; correct its special_tokens.");
        // a token that is looked for in normalised text is decoded from that form
        written = [.. tokens];
        foreach (AddedToken token in parts.Added) if (token.Normalized) written[token.Id] = Normalize(token.Content);
        given = new(parts.Added.Where(token => !token.Normalized).Select(token => (token, token.Content)));
        normalized = new(parts.Added.Where(token => token.Normalized).Select(token => (token, Normalize(token.Content))));
        guarded = new(() => parts with { Model = parts.Model.Without(special) });
        normalizedSpecial = parts.Added.Any(token => token is { Normalized: true, Special: true });
    }

    /// <summary>The highest id, plus one.</summary>
    public int Size { get; }

    /// <summary>Reads tokenizer.json, and tokenizer_config.json if there is one, from a folder.</summary>
    /// <exception cref="InvalidInputException">A file is missing, malformed, or asks for something that this engine cannot do.</exception>
    public static Tokenizer Load(string folder) => new(TokenizerFile.Open(folder));

    /// <summary>Tokens that are looked for in a text before it is cut, as they are written.</summary>
    internal IEnumerable<string> AddedTokens => parts.Added.Select(token => token.Content);

    /// <summary>The id of a token of the vocabulary or an added one; null if there is none.</summary>
    public int? IdOf(string token) => ids.TryGetValue(token, out int id) ? id : null;

    /// <summary>The token of an id, as the vocabulary writes it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No token has this id.</exception>
    public string TokenOf(int id) => Find(tokens, id) ?? throw new ArgumentOutOfRangeException(nameof(id), id, "No token has this id.");

    /// <summary>True for tokens that decoding leaves out when asked to skip special ones.</summary>
    public bool IsSpecial(int id) => special.Contains(id);

    /// <summary>The ids of a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="addSpecialTokens">Put around it what the tokenizer's template says, such as the token of the beginning.</param>
    /// <param name="parseSpecialTokens">False: special tokens inside the text stay text.</param>
    public IReadOnlyList<int> Encode(string text, bool addSpecialTokens = true, bool parseSpecialTokens = true) =>
        Encode(text, parseSpecialTokens ? UntrustedRanges.Nowhere : UntrustedRanges.Everywhere, addSpecialTokens);

    /// <summary>The ids of one text in segments: special tokens are recognised only where they lie wholly inside segments that allow them.</summary>
    public IReadOnlyList<int> Encode(IReadOnlyList<TextSegment> segments, bool addSpecialTokens = true)
    {
        List<(int Start, int End)> untrusted = [];
        int at = 0;
        foreach (TextSegment segment in segments)
        {
            int end = at + segment.Text.Length;
            if (!segment.ParseSpecialTokens && end > at) untrusted.Add((at, end));
            at = end;
        }
        return Encode(string.Concat(segments.Select(segment => segment.Text)), new UntrustedRanges(untrusted), addSpecialTokens);
    }

    /// <summary>How many special tokens the tokenizer's template puts around one text, or around two.</summary>
    /// <exception cref="InvalidInputException">Two are asked for, and the template has no form for them.</exception>
    public int SpecialTokens(bool isPair = false) => (isPair ? Pair : parts.Template.Single).Count(part => part.Text == 0);

    /// <summary>Ids of a text, encoded without special tokens, with those of the tokenizer's template.</summary>
    public TokenSequence Surround(ReadOnlySpan<int> ids) => TokenTemplate.Fill(parts.Template.Single, ids);

    /// <summary>Ids of two texts, each encoded without special tokens, with those of the tokenizer's template.</summary>
    /// <exception cref="InvalidInputException">The template has no form for two texts.</exception>
    public TokenSequence Surround(ReadOnlySpan<int> first, ReadOnlySpan<int> second) => TokenTemplate.Fill(Pair, first, second);

    /// <summary>The text of ids; ids without a token give nothing.</summary>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = true)
    {
        List<string> found = [];
        foreach (int id in ids) if (Find(written, id) is { } token && !(skipSpecialTokens && special.Contains(id))) found.Add(token);
        return parts.Decoder is { } decoder ? string.Concat(decoder.Apply(found)) : string.Join(' ', found);
    }

    /// <summary>Decodes id by id.</summary>
    public TokenStream NewStream(bool skipSpecialTokens = true) => new(this, skipSpecialTokens);

    private IReadOnlyList<TemplatePart> Pair => parts.Template.Pair
        ?? throw new InvalidInputException($"{parts.Path}: post_processor has no template for two texts; give the texts one by one.");

    private int[] Encode(string text, UntrustedRanges untrusted, bool addSpecialTokens)
    {
        text = WholeCharacters(text);
        if (!runs.TryTake(out EncodeRun? run)) run = new EncodeRun(parts, guarded);
        run.Ids.Clear();
        if (addSpecialTokens) run.Ids.Add(parts.Template.Before);
        List<TextSection> sections = [];
        given.Split(text, untrusted, sections);
        foreach (TextSection section in sections)
        {
            if (section.Token >= 0) run.Ids.Add(section.Token);
            else EncodeBetween(text, section, untrusted, run);
        }
        if (addSpecialTokens) run.Ids.Add(parts.Template.After);
        int[] result = run.Ids.ToArray();
        runs.Add(run);
        return result;
    }

    // what lies between tokens found in the text as given: normalised, searched for the other tokens, cut, and encoded
    private void EncodeBetween(string text, TextSection section, UntrustedRanges untrusted, EncodeRun run)
    {
        string piece = text[section.Start..section.End], changed = Normalize(piece);
        bool guard = untrusted.Touch(section.Start, section.End), first = section.Start == 0 && parts.Normalizer?.DropsStart(piece) != true;
        if (normalized.IsEmpty)
        {
            run.Encode(changed, first, guard);
            return;
        }
        List<TextSection> inner = [];
        normalized.Split(changed, normalizedSpecial ? untrusted.Within(section.Start, piece, changed, Normalize) : UntrustedRanges.Nowhere, inner);
        foreach (TextSection part in inner)
        {
            if (part.Token >= 0) run.Ids.Add(part.Token);
            else run.Encode(changed.AsSpan(part.Start, part.End - part.Start), first && part.Start == 0, guard);
        }
    }

    private string Normalize(string text) => parts.Normalizer?.Apply(text) ?? text;

    private static string? Find(string?[] texts, int id) => (uint)id < (uint)texts.Length ? texts[id] : null;

    // The reference engine numbers tokens that the vocabulary lacks by itself, one after the other, whatever the file says: so the file must say the same.
    private void Add(AddedToken token, ref int next)
    {
        if (ids.TryGetValue(token.Content, out int known) && known != token.Id)
            throw new InvalidInputException($"{parts.Path}: the added token '{token.Content}' has id {token.Id}, but {known} elsewhere; give it one id.");
        if (tokens[token.Id] is { } other && other != token.Content)
            throw new InvalidInputException($"{parts.Path}: the added token '{token.Content}' has id {token.Id}, which is that of '{other}'; give it another.");
        if (ids.TryAdd(token.Content, token.Id) && token.Id != next)
            throw new InvalidInputException($"{parts.Path}: the added token '{token.Content}' has id {token.Id}, where {next} follows; number added tokens "
                + "after the vocabulary, without a gap.");
        tokens[token.Id] = token.Content;
        next = Math.Max(next, token.Id + 1);
        if (token.Special) special.Add(token.Id);
    }

    // half a surrogate pair is no character; the replacement has the same length
    private static string WholeCharacters(string text)
    {
        int at = FirstHalf(text);
        if (at < 0) return text;
        char[] mended = text.ToCharArray();
        for (int i = at; i < mended.Length; i++)
        {
            if (char.IsHighSurrogate(mended[i]) && i + 1 < mended.Length && char.IsLowSurrogate(mended[i + 1])) i++;
            else if (char.IsSurrogate(mended[i])) mended[i] = '\uFFFD';
        }
        return new string(mended);
    }

    private static int FirstHalf(string text)
    {
        int at = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF');
        for (int i = at; i >= 0 && i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) i++;
            else if (char.IsSurrogate(text[i])) return i;
        }
        return -1;
    }
}
