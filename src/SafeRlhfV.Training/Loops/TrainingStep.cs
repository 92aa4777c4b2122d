using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>One step: a batch in parts that fit into memory, whose gradients add up to one update.</summary>
/// <typeparam name="T">What a row becomes.</typeparam>
public sealed class TrainingStep<T>(long done, IReadOnlyList<T> samples, IReadOnlyList<T[]> parts, Action<TrainingStep<T>> update) where T : class, ISized
{
    private readonly Dictionary<string, double> metrics = [];

    /// <summary>Steps done before this one.</summary>
    public long Done => done;

    /// <summary>The whole batch.</summary>
    public IReadOnlyList<T> Samples => samples;

    /// <summary>What was reported so far.</summary>
    public IReadOnlyDictionary<string, double> Metrics => metrics;

    /// <summary>Share of padding among the tokens of all parts.</summary>
    public double Padding => Steps.Padding(parts);

    /// <summary>Whether <see cref="Update"/> was called.</summary>
    public bool IsUpdated { get; private set; }

    /// <summary>The parts. Tensors made for a part are freed when the next one is asked for.</summary>
    public IEnumerable<StepPart<T>> Parts()
    {
        foreach (T[] part in parts)
        {
            using DisposeScope scope = NewDisposeScope();
            yield return new StepPart<T>(part, (double)part.Length / samples.Count, this);
        }
    }

    /// <summary>Adds to a metric of the step.</summary>
    public void Report(string name, double value) => metrics[name] = metrics.GetValueOrDefault(name) + value;

    /// <summary>Ends the step: clips the gradients, updates the weights, writes metrics and, where one is due, a checkpoint.</summary>
    /// <exception cref="Core.InvalidInputException">A loss or gradient is not finite, or the disk is full.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the state is saved.</exception>
    public void Update()
    {
        update(this);
        IsUpdated = true;
    }
}
