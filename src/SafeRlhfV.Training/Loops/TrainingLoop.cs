using SafeRlhfV.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// What the trainers of one model share: counting and drawing rows, micro-batches, the update, metrics and checkpoints. A trainer walks through the steps, in
/// each through the parts of its batch, and there computes its loss; <see cref="TrainingStep{T}.Update"/> ends the step.
/// </summary>
/// <typeparam name="T">What a row becomes.</typeparam>
public sealed class TrainingLoop<T> : IDisposable where T : class, ISized
{
    private readonly Role role;
    private readonly TrainerSettings settings;
    private readonly TrainingRun run;
    private readonly SampleEncoder encoder;
    private readonly UsableRows rows;
    private readonly RowFeed<T> feed;
    private readonly Updater updater;
    private readonly long total;

    /// <summary>A loop whose rows were counted before.</summary>
    /// <param name="name">The trainer's name, for messages.</param>
    /// <param name="role">The model to train.</param>
    /// <param name="settings">Batches and optimizer.</param>
    /// <param name="run">Checkpoints and metrics.</param>
    /// <param name="encoder">What the feed encodes with; it counts what is too long.</param>
    /// <param name="rows">How many rows are learnt from.</param>
    /// <param name="total">Steps of the whole run.</param>
    /// <param name="feed">The samples; the loop disposes of it.</param>
    public TrainingLoop(
        string name, Role role, TrainerSettings settings, TrainingRun run, SampleEncoder encoder, UsableRows rows, long total, RowFeed<T> feed)
    {
        (this.role, this.settings, this.run, this.encoder, this.rows, this.total, this.feed) = (role, settings, run, encoder, rows, total, feed);
        updater = new Updater(name, role, role.Prepare(settings.TrainVisionTower, settings.GradientCheckpointing), settings.Optimizer, total, run.Ranks);
        run.TrackTraining(role.Trainable(settings.TrainVisionTower), updater, feed, encoder);
        if (settings.MicroBatchTokens > 0) return;
        int part = settings.MicroBatchSize > 0 ? settings.MicroBatchSize : settings.BatchSize;
        run.TellIdleRanks(role, (settings.BatchSize + part - 1) / part, "training.micro_batch_size");
    }

    /// <summary>A loop over the rows of a data set that can be used.</summary>
    /// <param name="name">The trainer's name, for messages.</param>
    /// <param name="role">The model to train.</param>
    /// <param name="data">The rows.</param>
    /// <param name="settings">Batches, epochs and optimizer.</param>
    /// <param name="run">Checkpoints and metrics.</param>
    /// <param name="parts">What of a row is looked at.</param>
    /// <param name="encode">Makes a sample of a row; null leaves it out.</param>
    /// <exception cref="InvalidInputException">A row is damaged, or none can be used.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static TrainingLoop<T> Over(
        string name, Role role, TrainingData data, TrainerSettings settings, TrainingRun run, RecordParts parts,
        Func<ConversationRecord, SampleEncoder, T?> encode)
    {
        SampleEncoder encoder = new(data.Processor, settings.Lengths);
        UsableRows rows = run.CountUsable(data, parts, encoder, encode);
        RowFeed<T> feed = data.Feed(settings.Seed, parts, encoder, encode, run.EncodesAhead);
        return new(name, role, settings, run, encoder, rows, settings.StepsFor(rows.Usable), feed);
    }

    /// <summary>How many rows are learnt from.</summary>
    public UsableRows Rows => rows;

    /// <summary>The steps that are left, from the newest checkpoint on. Tensors made in a step are freed at its end.</summary>
    /// <param name="draw">The samples of a step; left out = the next ones of the feed.</param>
    /// <exception cref="InvalidInputException">A checkpoint is damaged or of another run, or a row is damaged.</exception>
    public IEnumerable<TrainingStep<T>> Steps(Func<long, IReadOnlyList<T>>? draw = null)
    {
        for (long done = run.Resume(); done < total; done++)
        {
            using DisposeScope scope = NewDisposeScope();
            role.BeginStep(settings.Seed, done);
            IReadOnlyList<T> samples = draw?.Invoke(done) ?? feed.Next(settings.BatchSize);
            TrainingStep<T> step = new(done, samples, Training.Steps.Micro(samples, settings), role, updater, run.Ranks, Update);
            yield return step;
            if (!step.IsUpdated) throw new InvalidOperationException("A step ends with its update.");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        updater.Dispose();
        feed.Dispose();
    }

    private void Update(TrainingStep<T> step)
    {
        step.Report("gradient_norm", updater.Apply(step.Done));
        step.Report("learning_rate", updater.RateAt(step.Done));
        step.Report("padding", step.Padding);
        step.Report("dropped_share", rows.DroppedShare);
        step.Report("dropped_rows", encoder.Dropped);
        step.Report("cut_answers", encoder.Cut);
        run.Step(step.Done + 1, total, step.Metrics);
    }
}
