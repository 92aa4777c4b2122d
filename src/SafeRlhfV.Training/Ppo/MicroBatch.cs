using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// Episodes of a mini-batch that run at a time, by memory for activations. The gradients of its micro-batches add up to those of the mini-batch.
/// </summary>
internal sealed class MicroBatch
{
    private MicroBatch(Episode[] episodes, Episode[] all, SampleBatcher batcher, Reduction reduction)
    {
        Batch = batcher.Collate([.. episodes.Select(episode => episode.Sample)]);
        Objective = SafePpoBatch.Collate([.. episodes.Select(episode => episode.Shaped!)], Batch.ResponseMask_BT);
        (Weight, TokenWeight) = (Share(episodes, all, reduction), Share(episodes, all, Reduction.Token));
    }

    /// <summary>Prompts and responses, for the networks.</summary>
    public SequenceBatch Batch { get; }

    /// <summary>The same responses, for the losses.</summary>
    public SafePpoBatch Objective { get; }

    /// <summary>The weight of this micro-batch's loss in that of the mini-batch.</summary>
    public double Weight { get; }

    /// <summary>The weight of a mean over tokens, as measures are, whatever the reduction of the loss.</summary>
    public double TokenWeight { get; }

    /// <summary>Cuts a mini-batch.</summary>
    public static MicroBatch[] Of(Episode[] miniBatch, PpoSettings settings, SampleBatcher batcher) =>
        [.. Steps.Micro(miniBatch, settings.MicroBatch).Select(part => new MicroBatch(part, miniBatch, batcher, settings.Reduction))];

    /// <summary>Adds the loss's gradients, weighted, and gives the weighted loss.</summary>
    public double Backward(Tensor loss)
    {
        loss.Times(Weight).backward();
        return Weight * loss.item<float>();
    }

    private static double Share(Episode[] part, Episode[] all, Reduction reduction)
    {
        double Count(Episode[] of) => reduction == Reduction.Row ? of.Count(one => one.LogProbs.Length > 0) : of.Sum(one => one.LogProbs.Length);
        return Count(part) / Math.Max(1, Count(all));
    }
}
