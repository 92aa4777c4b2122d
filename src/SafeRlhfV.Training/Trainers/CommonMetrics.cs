namespace SafeRlhfV.Training;

/// <summary>Metrics that several trainers have.</summary>
public static class CommonMetrics
{
    /// <summary>The loss that a step minimises.</summary>
    public static MetricInfo Loss { get; } = new("loss", "loss", "", Better.Lower) { Live = true };

    /// <summary>Share of pairs whose better answer has the higher score (for a cost: the more harmful one).</summary>
    public static MetricInfo PairAccuracy { get; } = new("pair_accuracy", "pair accuracy", MetricInfo.Share, Better.Higher) { Live = true };

    /// <summary>Share of answers whose cost has the right sign.</summary>
    public static MetricInfo SignAccuracy { get; } = new("sign_accuracy", "sign accuracy", MetricInfo.Share, Better.Higher) { Live = true };

    /// <summary>The learning rate of the step.</summary>
    public static MetricInfo LearningRate { get; } = new("learning_rate", "learning rate");

    /// <summary>Rows that were left out so far because they are too long.</summary>
    public static MetricInfo DroppedRows { get; } = new("dropped_rows", "dropped rows", "rows", Better.Lower) { Drawn = false };

    /// <summary>Share of the data set's rows that cannot be used.</summary>
    public static MetricInfo DroppedShare { get; } = new("dropped_share", "dropped share", MetricInfo.Share, Better.Lower) { Drawn = false };

    /// <summary>Responses that were cut so far because they are too long.</summary>
    public static MetricInfo CutAnswers { get; } = new("cut_answers", "cut responses", "responses", Better.Lower) { Drawn = false };

    /// <summary>What every trainer of one model reports beside its own metrics.</summary>
    public static IReadOnlyList<MetricInfo> OfStep { get; } =
    [
        new("gradient_norm", "gradient norm"), LearningRate, new("padding", "padding", MetricInfo.Share, Better.Lower) { Drawn = false }, DroppedRows,
        DroppedShare, CutAnswers,
    ];
}
