using SafeRlhfV.Processing;

namespace SafeRlhfV.Guard.Onnx;

/// <summary>Turns texts into windows of ids that a model takes.</summary>
/// <remarks>
/// A text is tokenised whole, without special tokens; windows of B = max_length - special tokens begin every B - overlap, and the last one ends with the text.
/// So each part of a text is judged, and what stands across a border stands whole in one of two windows.
/// </remarks>
internal sealed class TextEncoder
{
    // larger numbers stand for "nobody said"
    private const double LargestSane = 1 << 20;

    private readonly Tokenizer tokenizer;
    private readonly TextSettings settings;
    private readonly int overlap;

    private TextEncoder(Tokenizer tokenizer, TextSettings settings, int maxLength, int padId)
    {
        (this.tokenizer, this.settings, MaxLength, PadId) = (tokenizer, settings, maxLength, padId);
        overlap = settings.Overlap ?? maxLength / 4;
    }

    /// <summary>Tokens of a window, special ones included.</summary>
    public int MaxLength { get; }

    /// <summary>The id that shorter texts of a batch are filled up with.</summary>
    public int PadId { get; }

    /// <summary>The highest id, plus one.</summary>
    public int Size => tokenizer.Size;

    /// <summary>Whether an answer is read together with its question.</summary>
    public bool IsPair => settings.IsPair;

    /// <summary>Reads a folder's tokenizer.</summary>
    /// <exception cref="InvalidInputException">A file is missing or malformed, or nothing says how long a text may be.</exception>
    public static TextEncoder Load(string folder, ConfigReader config, TextSettings settings)
    {
        Tokenizer tokenizer = Tokenizer.Load(folder);
        string path = Path.Combine(folder, "tokenizer_config.json");
        ConfigReader? own = File.Exists(path) ? ConfigReader.Open(path) : null;
        int most = Math.Min(Stated(own, "model_max_length") ?? int.MaxValue, Positions(config) ?? int.MaxValue);
        if (most == int.MaxValue && settings.MaxLength is null)
            throw config.Error("max_position_embeddings", "is missing: nothing says how long a text may be; give text.max_length in labels.yaml");
        if (settings.MaxLength > most)
            throw config.Error("max_position_embeddings", $"allows {most} tokens, but text.max_length in labels.yaml asks for {settings.MaxLength}");
        int maxLength = settings.MaxLength ?? most, special = tokenizer.SpecialTokens(settings.IsPair);
        if ((settings.Overlap ?? 0) >= maxLength - special)
            throw config.Error("max_position_embeddings", $"gives windows of {maxLength - special} tokens, which text.overlap in labels.yaml fills");
        int pad = config.Int("pad_token_id", own is not null && own.Has("pad_token") && PadToken(own) is { } name ? tokenizer.IdOf(name) ?? 0 : 0, least: 0);
        return new(tokenizer, settings, maxLength, pad);
    }

    /// <summary>The ids of a text without special tokens.</summary>
    public int[] Content(string text) => [.. tokenizer.Encode(text, addSpecialTokens: false)];

    /// <summary>Where the windows over so many tokens begin and end.</summary>
    public static IReadOnlyList<(int Start, int End)> Windows(int tokens, int size, int overlap)
    {
        List<(int, int)> windows = [];
        for (int start = 0; ; start += size - overlap)
        {
            windows.Add((start, Math.Min(start + size, tokens)));
            if (start + size >= tokens) return windows;
        }
    }

    /// <summary>The windows of a text, each with its special tokens.</summary>
    /// <exception cref="InvalidInputException">There are too many.</exception>
    public IReadOnlyList<TokenSequence> Encode(string text)
    {
        int[] ids = Content(text);
        return Checked([.. Windows(ids.Length, MaxLength - tokenizer.SpecialTokens(), overlap)
            .Select(window => tokenizer.Surround(ids.AsSpan(window.Start..window.End)))]);
    }

    /// <summary>The windows of two texts: each part of the one with each part of the other. The first holds what transformers keeps, "longest first".</summary>
    /// <exception cref="InvalidInputException">There are too many, or the tokenizer knows no pairs.</exception>
    public IReadOnlyList<TokenSequence> Encode(string first, string second)
    {
        if (second.Length == 0) return Encode(first); // as the reference has it: no pair
        int[] one = Content(first), two = Content(second);
        (int left, int right) = Shares(one.Length, two.Length, MaxLength - tokenizer.SpecialTokens(isPair: true));
        return Checked([.. Windows(one.Length, left, Math.Min(overlap, left / 4))
            .SelectMany(a => Windows(two.Length, right, Math.Min(overlap, right / 4)), (a, b) =>
                tokenizer.Surround(one.AsSpan(a.Start..a.End), two.AsSpan(b.Start..b.End)))]);
    }

    // the longer text gives way first
    private static (int First, int Second) Shares(int first, int second, int room)
    {
        int shorter = Math.Min(first, second), longer = Math.Max(shorter, room - shorter);
        if (first + second <= room) return (Math.Max(1, first), Math.Max(1, second));
        if (shorter + longer > room) (shorter, longer) = (room / 2, room - room / 2);
        return first <= second ? (Math.Max(1, shorter), longer) : (longer, Math.Max(1, shorter));
    }

    private TokenSequence[] Checked(TokenSequence[] windows) => windows.Length <= settings.MaxWindows
        ? windows
        : throw new InvalidInputException($"the text takes {windows.Length} windows of {MaxLength} tokens, and text.max_windows in labels.yaml allows "
            + $"{settings.MaxWindows}.");

    private static int? Stated(ConfigReader? config, string name) =>
        config is not null && config.Has(name) && config.Number(name) is >= 1 and <= LargestSane and var number ? (int)number : null;

    // RoBERTa's first position comes after the padding's
    private static int? Positions(ConfigReader config)
    {
        if (Stated(config, "max_position_embeddings") is not { } positions) return null;
        return config.Text("model_type", "") is "roberta" or "xlm-roberta" or "camembert" or "xlm-roberta-xl" or "longformer" or "mpnet"
            ? positions - 1 - config.Int("pad_token_id", 1, least: 0)
            : positions;
    }

    // a text, or an object with its content
    private static string? PadToken(ConfigReader config) => config.Element.GetProperty("pad_token").ValueKind == System.Text.Json.JsonValueKind.Object
        ? config.Section("pad_token")!.Text("content")
        : config.Text("pad_token");
}
