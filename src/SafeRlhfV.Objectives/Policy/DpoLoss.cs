using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>DPO's loss and what to watch; everything but <see cref="Loss"/> is without gradient.</summary>
/// <param name="Loss">Mean over pairs, a scalar; 0 where there is no pair.</param>
/// <param name="Losses_B">Each pair's.</param>
/// <param name="Logits_B">What the sigmoid is taken of.</param>
/// <param name="ChosenRewards_B">β (log π - log π_ref) of the chosen answers.</param>
/// <param name="RejectedRewards_B">The same of the rejected ones.</param>
/// <param name="Accuracy">Share of pairs whose chosen reward is greater, a scalar.</param>
/// <param name="Margin">Mean difference of the rewards, a scalar.</param>
public sealed record DpoLoss(
    Tensor Loss, Tensor Losses_B, Tensor Logits_B, Tensor ChosenRewards_B, Tensor RejectedRewards_B, Tensor Accuracy, Tensor Margin)
{
    internal DpoLoss MoveToOuterDisposeScope()
    {
        foreach (Tensor part in (Tensor[])[Loss, Losses_B, Logits_B, ChosenRewards_B, RejectedRewards_B, Accuracy, Margin]) part.MoveToOuterDisposeScope();
        return this;
    }
}
