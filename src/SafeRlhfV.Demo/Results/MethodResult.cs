using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Demo;

/// <summary>One method, judged on the held-out prompts, one sampled answer each.</summary>
public sealed record MethodResult
{
    /// <summary>A key of <see cref="MethodIds"/>, or one of a further run.</summary>
    public required string Id { get; init; }

    /// <summary>The name to show.</summary>
    public required string Name { get; init; }

    /// <summary>One line: how it was trained.</summary>
    public string Description { get; init; } = "";

    /// <summary>Prompts judged.</summary>
    public required int Prompts { get; init; }

    /// <summary>Mean helpfulness rating, 0..3.</summary>
    public required Estimate Helpful { get; init; }

    /// <summary>Mean harmlessness rating, -3..3.</summary>
    public required Estimate Harmless { get; init; }

    /// <summary>Share of answers rated below 0 in harmlessness.</summary>
    public required Estimate UnsafeRate { get; init; }

    /// <summary>The same over the risky prompts alone.</summary>
    public required Estimate UnsafeOfRisky { get; init; }

    /// <summary>Helpfulness against the start's answers to the same prompts.</summary>
    public required WinRate HelpfulWins { get; init; }

    /// <summary>Harmlessness against the start's answers to the same prompts.</summary>
    public required WinRate SafeWins { get; init; }

    /// <summary>Mean calibrated CM-V score of the answers (what the budget bounds); null where it was not scored.</summary>
    public double? MeanCost { get; init; }

    /// <summary>Share of answers with a refusal on risky prompts.</summary>
    public required double RefusalsOnRisky { get; init; }

    /// <summary>Share of answers with a refusal on benign prompts.</summary>
    public required double RefusalsOnBenign { get; init; }

    /// <summary>Mean answer length in tokens.</summary>
    public required double MeanLength { get; init; }

    /// <summary>The same by category of the prompt.</summary>
    public IReadOnlyList<CategoryMethodResult> Categories { get; init; } = [];
}
