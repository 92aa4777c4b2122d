namespace SafeRlhfV.Guard.Onnx;

/// <summary>What one label means.</summary>
/// <param name="Category">The category that content with the label falls under.</param>
/// <param name="Thresholds">From which score on it holds, by severity; both rise.</param>
internal sealed record LabelRule(string Category, IReadOnlyList<(Severity Severity, double Score)> Thresholds)
{
    /// <summary>How grave a score is: the highest threshold reached.</summary>
    public Severity Of(double score)
    {
        Severity severity = Severity.None;
        foreach ((Severity reached, double threshold) in Thresholds)
            if (score >= threshold) severity = reached;
        return severity;
    }
}
