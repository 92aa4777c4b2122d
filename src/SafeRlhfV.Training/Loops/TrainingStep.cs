using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>One step: a batch in parts that fit into memory, whose gradients add up to one update.</summary>
/// <typeparam name="T">What a row becomes.</typeparam>
public sealed class TrainingStep<T> where T : class, ISized
{
    private readonly IReadOnlyList<T[]> cut;
    private readonly IReadOnlyList<Share<T>> shares;
    private readonly Role role;
    private readonly Updater updater;
    private readonly Ranks ranks;
    private readonly Action<TrainingStep<T>> update;
    private readonly PartFigures figures;
    private readonly Dictionary<string, double> metrics = [];

    internal TrainingStep(
        long done, IReadOnlyList<T> samples, IReadOnlyList<T[]> parts, Role role, Updater updater, Ranks ranks, Action<TrainingStep<T>> update)
    {
        (Done, Samples, cut, this.role, this.updater, this.ranks, this.update) = (done, samples, parts, role, updater, ranks, update);
        shares = Shares.Of(parts, ranks, cut: !role.DropsOut);
        figures = new PartFigures(ranks);
    }

    /// <summary>Steps done before this one.</summary>
    public long Done { get; }

    /// <summary>The whole batch, on every rank.</summary>
    public IReadOnlyList<T> Samples { get; }

    /// <summary>What was reported: by <see cref="Parts"/> when they are done, and since then.</summary>
    public IReadOnlyDictionary<string, double> Metrics => metrics;

    /// <summary>Share of padding among the tokens of all parts.</summary>
    public double Padding => Steps.Padding(cut);

    /// <summary>Whether <see cref="Update"/> was called.</summary>
    public bool IsUpdated { get; private set; }

    /// <summary>
    /// The parts; with several ranks, those that this one runs. Tensors made for a part are freed when the next one is asked for. After the last part the
    /// figures of all ranks are added up.
    /// </summary>
    public IEnumerable<StepPart<T>> Parts()
    {
        Share<T>[] own = [.. shares.Where(share => share.IsOwn)];
        foreach (Share<T> share in own)
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable? last = share == own[^1] ? updater.LastPart() : null;
            if (!ranks.IsAlone) role.BeginPass(share.Index);
            ranks.Worked(share.Items.Count);
            yield return new StepPart<T>(share.Items, (double)share.Items.Count / Samples.Count, this, share.Index);
        }
        updater.EndParts();
        foreach ((string name, double value) in figures.Sum("step metrics")) Report(name, value);
    }

    /// <summary>Adds to a metric of the step; to be called on all ranks with the same value.</summary>
    public void Report(string name, double value) => metrics[name] = metrics.GetValueOrDefault(name) + value;

    /// <summary>Adds to a metric what a part gives.</summary>
    internal void Report(int part, string name, double value) => figures.Add(part, name, value);

    /// <summary>Ends the step: clips the gradients, updates the weights, writes metrics and, where one is due, a checkpoint.</summary>
    /// <exception cref="Core.InvalidInputException">A loss or gradient is not finite, or the disk is full.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the state is saved.</exception>
    public void Update()
    {
        update(this);
        IsUpdated = true;
    }
}
