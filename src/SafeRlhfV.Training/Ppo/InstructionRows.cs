using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>Instruction rows for PTX: next-token cross-entropy beside the update of an actor, so that it does not forget what it was taught.</summary>
/// <param name="Batcher">Puts rows side by side.</param>
/// <param name="Next">Gives the next so many rows.</param>
public sealed record InstructionRows(SampleBatcher Batcher, Func<int, IReadOnlyList<EncodedSample>> Next)
{
    /// <summary>Adds the gradients of some rows, and the loss to the figures as <c>ptx_loss</c>.</summary>
    /// <param name="actor">The policy.</param>
    /// <param name="shares">All rows of the update in parts, over all ranks.</param>
    /// <param name="coefficient">The weight of the loss.</param>
    /// <param name="figures">Figures of the update.</param>
    /// <param name="first">Parts of the update before these.</param>
    /// <param name="lastPart">Held during the last part that this rank runs.</param>
    /// <param name="beginPass">Told of each part, counted over the update.</param>
    internal void AddGradients(
        PolicyRole actor, IReadOnlyList<Share<EncodedSample>> shares, double coefficient, PartFigures figures, int first, Func<IDisposable?> lastPart,
        Action<int> beginPass)
    {
        double tokens = shares.Sum(share => share.Items.Sum(row => row.LearntTokens));
        Share<EncodedSample>[] own = [.. shares.Where(share => share.IsOwn)];
        foreach (Share<EncodedSample> share in own)
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable? last = share == own[^1] ? lastPart() : null;
            beginPass(first + share.Index);
            double weight = share.Items.Sum(row => row.LearntTokens) / tokens;
            Tensor loss = actor.NextTokenLoss(Batcher.Collate(share.Items));
            loss.Times(coefficient * weight).Backward();
            figures.Add(first + share.Index, "ptx_loss", weight * loss.item<float>());
        }
    }
}
