using TorchSharp.Modules;

namespace SafeRlhfV.Training;

/// <summary>The last part of every step: clip the gradients, look at them, update at the schedule's rate, drop them.</summary>
internal sealed class Updater(string what, IReadOnlyList<(string Name, Parameter Parameter)> parameters, OptimizerSettings settings, long totalSteps)
    : IDisposable
{
    private readonly LearningRateSchedule schedule = settings.Over(totalSteps);

    /// <summary>The optimizer, for a checkpoint.</summary>
    public AdamW Optimizer { get; } = new(parameters, settings.AdamW);

    /// <summary>The rate of a step.</summary>
    public double RateAt(long step) => schedule.At(step);

    /// <summary>Updates.</summary>
    /// <param name="step">Steps done before this one.</param>
    /// <returns>The gradients' norm before clipping.</returns>
    /// <exception cref="InvalidInputException">The gradients are not finite; the weights are as before.</exception>
    public double Apply(long step)
    {
        double norm = Optimizer.ClipGradientNorm(settings.MaxGradientNorm);
        if (!double.IsFinite(norm))
            throw new InvalidInputException($"{what}: the gradients of step {step + 1} are not finite ({norm}); lower the learning rate "
                + $"({schedule.At(step):G3} now), or look for broken rows with 'data validate'.");
        Optimizer.Step(schedule.At(step));
        Optimizer.ZeroGrad();
        return norm;
    }

    public void Dispose() => Optimizer.Dispose();
}
