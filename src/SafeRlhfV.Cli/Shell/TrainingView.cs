using System.Globalization;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary>A run on stderr: one live line with the figures that tell how it goes, and a plain line for each alarm.</summary>
internal sealed class TrainingView(IReadOnlyList<MetricInfo> metrics) : IProgress<TrainingProgress>
{
    private ProgressView? view;

    /// <summary>The last step.</summary>
    public TrainingProgress? Last { get; private set; }

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        view ??= new ProgressView(value.Name);
        Last = value;
        foreach (string note in value.Notes) view.Interrupt($"step {value.Done}: {note}");
        view.Report((int)value.Done, (int)value.Total, Figures());
    }

    /// <summary>Ends the view.</summary>
    public void Done() => view?.Done(Figures());

    private string Figures() => string.Join("  ", metrics.Where(metric => metric.Live && Last!.Metrics.ContainsKey(metric.Name))
        .Select(metric => $"{metric.Label} {metric.Format(Last!.Metrics[metric.Name])}").Append(Slowest()).Where(figure => figure.Length > 0));

    // of several ranks all wait for the slowest one
    private string Slowest() => Last!.Metrics.TryGetValue("slowest_rank", out double rank)
        ? string.Create(CultureInfo.InvariantCulture, $"slowest rank {rank} ({Last.Metrics[$"rank_{rank}_rows_per_second"]:G3} rows/s)") : "";
}
