using SafeRlhfV.Models;
using TorchSharp.Modules;

namespace SafeRlhfV.Training;

/// <summary>The last part of every step: clip the gradients, look at them, update at the schedule's rate, drop them.</summary>
internal sealed class Updater : IDisposable
{
    private readonly string what;
    private readonly OptimizerSettings settings;
    private readonly Role role;
    private readonly ShardedAdamW? sharded;
    private readonly LearningRateSchedule schedule;

    /// <summary>Makes the optimizer.</summary>
    /// <param name="what">What is trained, for messages.</param>
    /// <param name="role">The role whose parameters they are.</param>
    /// <param name="parameters">What is trained.</param>
    /// <param name="settings">How.</param>
    /// <param name="totalSteps">Updates of the whole run.</param>
    /// <param name="ranks">The ranks whose gradients are summed.</param>
    public Updater(
        string what, Role role, IReadOnlyList<(string Name, Parameter Parameter)> parameters, OptimizerSettings settings, long totalSteps, Ranks ranks)
    {
        (this.what, this.role, this.settings, schedule) = (what, role, settings, settings.Over(totalSteps));
        Optimizer = ranks.IsAlone ? new AdamW(parameters, settings.AdamW) : sharded = new ShardedAdamW(parameters, settings.AdamW, ranks, role.BlockOf);
    }

    /// <summary>The optimizer, for a checkpoint.</summary>
    public IOptimizer Optimizer { get; }

    /// <summary>The rate of a step.</summary>
    public double RateAt(long step) => schedule.At(step);

    /// <summary>
    /// While this is held, gradients go on their way to the other ranks as the backward pass completes them: for the last part of a batch that this rank runs.
    /// </summary>
    public IDisposable? LastPart() => sharded is null ? null : new Following(role, sharded);

    /// <summary>
    /// The gradients of all parts that this rank runs are there: what is not on its way yet is sent. Call this before anything else is exchanged: a rank
    /// without a part has sent nothing so far, and all ranks must make their calls in one order.
    /// </summary>
    public void EndParts() => sharded?.Complete(-1);

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

    private sealed class Following : IDisposable
    {
        private readonly Role role;

        public Following(Role role, ShardedAdamW optimizer)
        {
            this.role = role;
            role.Model.Decoder.Progress = new BackwardProgress(optimizer.Complete);
        }

        public void Dispose() => role.Model.Decoder.Progress = null;
    }
}
