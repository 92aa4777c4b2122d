namespace SafeRlhfV.Annotation;

/// <summary>How pairs are annotated by hand.</summary>
public sealed record AnnotationOptions
{
    /// <summary>How many people label a pair that several are to label.</summary>
    public int Labels { get; init; } = 2;

    /// <summary>The share of pairs that several people label; the others get one label.</summary>
    public double Overlap { get; init; } = 1;

    /// <summary>Decides the order of pairs and answers, and which pairs overlap.</summary>
    public long Seed { get; init; }

    /// <summary>Whether the labels that a pair came with are shown, after one's own choice.</summary>
    public bool ShowMachine { get; init; }

    /// <summary>Working folders of others, whose labels count too; they are only read.</summary>
    public IReadOnlyList<string> Others { get; init; } = [];
}
