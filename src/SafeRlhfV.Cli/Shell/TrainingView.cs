using System.Globalization;
using SafeRlhfV.Training;

namespace SafeRlhfV.Cli;

/// <summary>A run on stderr: one live line with the figures that tell how it goes, and a plain line for each alarm.</summary>
internal sealed class TrainingView : IProgress<TrainingProgress>
{
    // what is shown where a run has it, in this order
    private static readonly (string Metric, string Label, string Format)[] Shown =
    [
        ("loss", "loss", "F4"), ("pair_accuracy", "pairs", "P1"), ("sign_accuracy", "sign", "P1"), ("accuracy", "accuracy", "P1"), ("verdict_accuracy", "verdict", "P1"),
        ("reward", "R", "F2"), ("window_cost", "J_C", "F2"), ("budget", "d", "F2"), ("lambda", "lambda", "F2"), ("kl", "KL", "F1"), ("clip_fraction", "clipped", "P0"),
        ("entropy", "entropy", "F2"), ("length", "tokens", "F0"), ("tokens_per_second", "tok/s", "F0"),
    ];

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

    private string Figures() => string.Join("  ", Shown.Where(one => Last!.Metrics.ContainsKey(one.Metric)).Select(one => $"{one.Label} {Last!.Metrics[one.Metric].ToString(one.Format, CultureInfo.InvariantCulture)}"));
}
