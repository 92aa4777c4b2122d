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

    private string Figures() => string.Join("  ",
        metrics.Where(metric => metric.Live && Last!.Metrics.ContainsKey(metric.Name))
            .Select(metric => $"{metric.Label} {metric.Format(Last!.Metrics[metric.Name])}"));
}
