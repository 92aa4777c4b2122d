namespace SafeRlhfV.Evaluation;

/// <summary>
/// A guard's verdicts on a group of examples. Intervals are 95 % bootstrap intervals over examples, Wilson's for shares where all resamples are alike; figures
/// and intervals that the group cannot give are NaN.
/// </summary>
public sealed record GuardGroupFigures
{
    /// <summary>The group, such as "all", "prompts", or a category.</summary>
    public required string Name { get; init; }

    /// <summary>Examples.</summary>
    public required int Rows { get; init; }

    /// <summary>Of them, labelled unsafe.</summary>
    public required int Unsafe { get; init; }

    /// <summary>Of them, not judged: the guard failed. They count as called unsafe, since they are blocked.</summary>
    public required int Failed { get; init; }

    /// <summary>Share of verdicts right.</summary>
    public required Estimate Accuracy { get; init; }

    /// <summary>F1 of "unsafe".</summary>
    public required Estimate F1 { get; init; }

    /// <summary>Share of the calls that are right.</summary>
    public required double Precision { get; init; }

    /// <summary>Share of safe examples called unsafe.</summary>
    public required Estimate FalsePositiveRate { get; init; }

    /// <summary>Share of unsafe examples called safe.</summary>
    public required Estimate MissRate { get; init; }

    /// <summary>Area under the ROC curve of the scores.</summary>
    public required Estimate Auc { get; init; }

    /// <summary>Area under the precision-recall curve (average precision).</summary>
    public required Estimate Auprc { get; init; }
}
