using SafeRlhfV.Data;

namespace SafeRlhfV.Annotation;

/// <summary>Where one annotator stands with one pair.</summary>
internal sealed record ItemState
{
    public static ItemState Untouched { get; } = new() { Choices = new Dictionary<string, string>() };

    public required IReadOnlyDictionary<string, string> Choices { get; init; }
    public bool IsDone { get; init; }
    public bool IsSkipped { get; init; }

    /// <summary>The labels as they were before the machine's were shown; these count for agreement.</summary>
    public AnnotationRecord? Own { get; init; }

    public bool SawMachine { get; init; }
}
