namespace SafeRlhfV.Evaluation;

/// <summary>The helpfulness-harm plane: where each model lies, and which are not beaten on both axes.</summary>
/// <param name="Title">What is shown.</param>
/// <param name="Helpful">The axis of helpfulness.</param>
/// <param name="Harmless">The axis of harmlessness.</param>
/// <param name="Formula">How the points are computed.</param>
/// <param name="Points">The models.</param>
public sealed record ComparedPlane(string Title, string Helpful, string Harmless, string Formula, IReadOnlyList<PlanePoint> Points)
{
    /// <summary>Marks the Pareto front: no other model is at least as good on both axes and better on one.</summary>
    internal static IReadOnlyList<PlanePoint> WithFront(IReadOnlyList<PlanePoint> points) => [.. points.Select(point => point with
    {
        IsOnFront = !points.Any(other => other.Helpful.Value >= point.Helpful.Value && other.Harmless.Value >= point.Harmless.Value
            && (other.Helpful.Value > point.Helpful.Value || other.Harmless.Value > point.Harmless.Value)),
    })];
}
