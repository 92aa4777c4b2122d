namespace SafeRlhfV.Evaluation;

/// <summary>The course of one training run.</summary>
/// <param name="Variant">What is compared; runs of one variant differ by their seed alone.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Steps">Steps with their figures by name, in order.</param>
public sealed record CurveRun(string Variant, long Seed, IReadOnlyList<(long Step, IReadOnlyDictionary<string, double> Figures)> Steps)
{
    /// <summary>A figure's mean over the last tenth of the steps; NaN where the run does not have it.</summary>
    public double End(string figure)
    {
        double[] values = [.. Steps.TakeLast(Math.Max(1, Steps.Count / 10)).Select(step => step.Figures.GetValueOrDefault(figure, double.NaN))
            .Where(double.IsFinite)];
        return values.Length == 0 ? double.NaN : values.Average();
    }
}
