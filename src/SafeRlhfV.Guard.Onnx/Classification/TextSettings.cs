namespace SafeRlhfV.Guard.Onnx;

/// <summary>How texts are read.</summary>
internal sealed record TextSettings
{
    /// <summary>Tokens of a window, special ones included; null: as many as the model takes.</summary>
    public int? MaxLength { get; init; }

    /// <summary>Tokens that a window shares with the one before it; null: a quarter of a window.</summary>
    public int? Overlap { get; init; }

    /// <summary>A text of more windows is an error, and so blocks.</summary>
    public int MaxWindows { get; init; } = 512;

    /// <summary>Whether an answer is read together with its question, as two texts; else by itself.</summary>
    public bool IsPair { get; init; }

    /// <summary>Reads a section.</summary>
    public static TextSettings Read(YamlSection section) => new()
    {
        MaxLength = section.Whole("max_length", 8, 1 << 20),
        Overlap = section.Whole("overlap", 0, 1 << 20),
        MaxWindows = section.Whole("max_windows", 1, 1 << 20) ?? new TextSettings().MaxWindows,
        IsPair = section.Choice("input", ("answer", false), ("pair", true)) ?? false,
    };
}
