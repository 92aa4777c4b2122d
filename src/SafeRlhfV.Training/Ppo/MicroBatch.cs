using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// Episodes of a mini-batch that run at a time, by memory for activations. The gradients of its micro-batches add up to those of the mini-batch.
/// </summary>
internal sealed class MicroBatch
{
    private MicroBatch(int index, IReadOnlyList<Episode> episodes, IReadOnlyList<Episode> all, SampleBatcher batcher, Reduction reduction)
    {
        (Index, Episodes) = (index, episodes);
        Batch = batcher.Collate([.. episodes.Select(episode => episode.Sample)]);
        (Weight, TokenWeight) = (Share(episodes, all, reduction), Share(episodes, all, Reduction.Token));
    }

    /// <summary>Its place among the micro-batches of the mini-batch.</summary>
    public int Index { get; }

    /// <summary>The episodes.</summary>
    public IReadOnlyList<Episode> Episodes { get; }

    /// <summary>Prompts and responses, for the networks.</summary>
    public SequenceBatch Batch { get; }

    /// <summary>The same responses, for the losses, with what the critics have said so far.</summary>
    public SafePpoBatch Objective() => SafePpoBatch.Collate([.. Episodes.Select(episode => episode.Shaped!)], Batch.ResponseMask_BT);

    /// <summary>The weight of this micro-batch's loss in that of the mini-batch.</summary>
    public double Weight { get; }

    /// <summary>The weight of a mean over tokens, as measures are, whatever the reduction of the loss.</summary>
    public double TokenWeight { get; }

    /// <summary>The micro-batches of a mini-batch that this rank runs.</summary>
    /// <param name="shares">All of the mini-batch, in order.</param>
    /// <param name="settings">How losses are averaged: over the whole mini-batch.</param>
    /// <param name="batcher">Puts prompts and responses side by side.</param>
    public static MicroBatch[] Own(IReadOnlyList<Share<Episode>> shares, PpoSettings settings, SampleBatcher batcher)
    {
        Episode[] all = [.. shares.SelectMany(share => share.Items)];
        return [.. shares.Where(share => share.IsOwn).Select(share => new MicroBatch(share.Index, share.Items, all, batcher, settings.Reduction))];
    }

    /// <summary>Adds the loss's gradients, weighted, and gives the weighted loss.</summary>
    public double Backward(Tensor loss)
    {
        loss.Times(Weight).Backward();
        return Weight * loss.item<float>();
    }

    private static double Share(IReadOnlyList<Episode> part, IReadOnlyList<Episode> all, Reduction reduction)
    {
        double Count(IReadOnlyList<Episode> of) => reduction == Reduction.Row ? of.Count(one => one.LogProbs.Length > 0) : of.Sum(one => one.LogProbs.Length);
        return Count(part) / Math.Max(1, Count(all));
    }
}
