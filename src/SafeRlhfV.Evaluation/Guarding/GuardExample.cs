using SafeRlhfV.Guard;

namespace SafeRlhfV.Evaluation;

/// <summary>A prompt or an answer with its label.</summary>
/// <param name="Request">What the guard is asked.</param>
/// <param name="IsUnsafe">The label.</param>
public sealed record GuardExample(ModerationRequest Request, bool IsUnsafe)
{
    /// <summary>The harms that the label names; null where it names none and may yet mean some.</summary>
    public IReadOnlyList<string>? Categories { get; init; }

    /// <summary>The label's severity; null where an unsafe label states none.</summary>
    public Severity? Severity { get; init; }

    /// <summary>What the row is about, whatever its label; null where the data do not say.</summary>
    public string? Topic { get; init; }

    /// <summary>Where it stands, for messages.</summary>
    public string Place { get; init; } = "";
}
