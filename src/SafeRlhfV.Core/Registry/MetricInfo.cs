using System.Globalization;

namespace SafeRlhfV.Core;

/// <summary>What a metric is called, what it is measured in and which way it should move.</summary>
/// <param name="Name">Its key in metrics.jsonl, in TensorBoard and in run.best_metric.</param>
/// <param name="Label">Its name for people.</param>
/// <param name="Unit">What it is measured in; empty for a plain number.</param>
/// <param name="Better">Which way it should move.</param>
public sealed record MetricInfo(string Name, string Label, string Unit = "", Better Better = Better.Neither)
{
    /// <summary>The unit of shares: from 0 to 1, shown in percent.</summary>
    public const string Share = "share";

    /// <summary>Whether the line that shows a run's progress has it.</summary>
    public bool Live { get; init; }

    /// <summary>Whether the run's page draws it.</summary>
    public bool Drawn { get; init; } = true;

    /// <summary>A value of it as the progress line shows it.</summary>
    public string Format(double value) => Unit == Share
        ? value.ToString("P1", CultureInfo.InvariantCulture)
        : value.ToString(Math.Abs(value) < 1 ? "F4" : Math.Abs(value) < 100 ? "F2" : "F0", CultureInfo.InvariantCulture);
}
