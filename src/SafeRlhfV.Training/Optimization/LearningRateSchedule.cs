namespace SafeRlhfV.Training;

/// <summary>
/// The learning rate of each step: a straight warm-up, then a shape. Steps count from 0, and step 0 already learns at peak / warm-up steps (Hugging Face's
/// schedulers give it rate 0, a step spent on nothing).
/// </summary>
/// <param name="Shape">What follows the warm-up.</param>
/// <param name="Peak">The highest rate.</param>
/// <param name="TotalSteps">Steps of the whole run; later ones stay at the end's rate.</param>
/// <param name="WarmupFraction">Share of the steps that warm up, rounded up.</param>
/// <param name="FloorFraction">The last rate as a share of the peak.</param>
public sealed record LearningRateSchedule(ScheduleShape Shape, double Peak, long TotalSteps, double WarmupFraction = 0, double FloorFraction = 0)
{
    /// <summary>Steps that warm up.</summary>
    public long WarmupSteps => (long)Math.Ceiling(TotalSteps * WarmupFraction);

    /// <summary>The rate of a step.</summary>
    public double At(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        if (step < WarmupSteps) return Peak * (step + 1) / WarmupSteps;
        double progress = Math.Min(1, (double)(step - WarmupSteps) / Math.Max(1, TotalSteps - WarmupSteps));
        double share = Shape switch
        {
            ScheduleShape.Constant => 1,
            ScheduleShape.Cosine => FloorFraction + (1 - FloorFraction) * 0.5 * (1 + Math.Cos(Math.PI * progress)),
            ScheduleShape.Linear => FloorFraction + (1 - FloorFraction) * (1 - progress),
            _ => throw new InvalidOperationException($"Unknown shape {Shape}."),
        };
        return Peak * share;
    }
}
