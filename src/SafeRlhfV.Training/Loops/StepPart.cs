using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>A part of a step's batch.</summary>
/// <typeparam name="T">What a row becomes.</typeparam>
/// <param name="Samples">Its samples.</param>
/// <param name="Weight">Its share of the batch's samples: what a mean over it weighs in the mean over the batch.</param>
/// <param name="Step">The step.</param>
/// <param name="Index">Its place among the parts of the batch.</param>
public sealed record StepPart<T>(IReadOnlyList<T> Samples, double Weight, TrainingStep<T> Step, int Index) where T : class, ISized
{
    /// <summary>Adds the gradients of the loss, weighted, and adds it to the metric "loss".</summary>
    /// <param name="loss">A scalar.</param>
    /// <param name="weight">Its weight in the batch's loss; left out = <see cref="Weight"/>.</param>
    public void Backward(Tensor loss, double? weight = null)
    {
        Tensor weighted = loss.Times(weight ?? Weight);
        weighted.Backward();
        Step.Report(Index, "loss", weighted.item<float>());
    }

    /// <summary>Adds a measure to a metric, weighted.</summary>
    /// <param name="name">The metric.</param>
    /// <param name="value">A scalar.</param>
    /// <param name="weight">Its weight in the batch's measure; left out = <see cref="Weight"/>.</param>
    public void Report(string name, Tensor value, double? weight = null) =>
        Step.Report(Index, name, value.to(ScalarType.Float64).item<double>() * (weight ?? Weight));
}
