using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>Direct preference optimisation (Rafailov et al. 2023), with conservative label smoothing.</summary>
public static class Dpo
{
    /// <summary>From per-token log-probabilities, whose valid ones are summed. Chosen and rejected may differ in length T.</summary>
    /// <param name="policyChosen_BT">log π of the chosen answers' tokens; the gradient flows here.</param>
    /// <param name="policyRejected_BT">log π of the rejected answers' tokens; and here.</param>
    /// <param name="referenceChosen_BT">log π_ref; null with the next one: reference-free.</param>
    /// <param name="referenceRejected_BT">log π_ref.</param>
    /// <param name="maskChosen_BT">bool; true is valid.</param>
    /// <param name="maskRejected_BT">bool; true is valid.</param>
    /// <param name="beta">β.</param>
    /// <param name="labelSmoothing">e: the assumed share of flipped labels.</param>
    public static DpoLoss Loss(
        Tensor policyChosen_BT, Tensor policyRejected_BT, Tensor? referenceChosen_BT, Tensor? referenceRejected_BT, Tensor maskChosen_BT,
        Tensor maskRejected_BT,
        double beta = 0.1, double labelSmoothing = 0)
    {
        using var scope = NewDisposeScope();
        Tensor chosen_B = Masked.Zeroed(policyChosen_BT, maskChosen_BT).sum(1), rejected_B = Masked.Zeroed(policyRejected_BT, maskRejected_BT).sum(1);
        Tensor? referenceChosen_B = referenceChosen_BT is null ? null : Masked.Zeroed(referenceChosen_BT, maskChosen_BT).sum(1);
        Tensor? referenceRejected_B = referenceRejected_BT is null ? null : Masked.Zeroed(referenceRejected_BT, maskRejected_BT).sum(1);
        DpoLoss loss = Loss(chosen_B, rejected_B, referenceChosen_B, referenceRejected_B, beta, labelSmoothing);
        foreach (Tensor part in new[] { loss.Loss, loss.Losses_B, loss.ChosenRewards_B, loss.RejectedRewards_B, loss.Accuracy, loss.Margin })
            part.MoveToOuterDisposeScope();
        return loss;
    }

    /// <summary>
    /// From summed log-probabilities, [B]: -(1 - e) log σ(β d) - e log σ(-β d), d = (log π_c - log π_r) - (log ref_c - log ref_r). Rewards are measured against
    /// the reference, or against 0 where there is none.
    /// </summary>
    public static DpoLoss Loss(
        Tensor policyChosen_B, Tensor policyRejected_B, Tensor? referenceChosen_B, Tensor? referenceRejected_B, double beta = 0.1, double labelSmoothing = 0)
    {
        if (referenceChosen_B is null != referenceRejected_B is null) throw new ArgumentException("Give both reference log-probabilities or neither.");
        using var scope = NewDisposeScope();
        Tensor chosen_B = Against(policyChosen_B, referenceChosen_B), rejected_B = Against(policyRejected_B, referenceRejected_B);
        Tensor logits_B = (chosen_B - rejected_B).Times(beta);
        Tensor losses_B = nn.functional.logsigmoid(logits_B).Times(labelSmoothing - 1);
        if (labelSmoothing != 0) losses_B = losses_B - nn.functional.logsigmoid(logits_B.neg()).Times(labelSmoothing);
        Tensor chosenRewards_B = chosen_B.detach().Times(beta), rejectedRewards_B = rejected_B.detach().Times(beta);
        return new DpoLoss(
            losses_B.mean().MoveToOuterDisposeScope(),
            losses_B.detach().MoveToOuterDisposeScope(),
            chosenRewards_B.MoveToOuterDisposeScope(),
            rejectedRewards_B.MoveToOuterDisposeScope(),
            chosenRewards_B.gt(rejectedRewards_B).to(chosenRewards_B.dtype).mean().MoveToOuterDisposeScope(),
            (chosenRewards_B - rejectedRewards_B).mean().MoveToOuterDisposeScope());

        static Tensor Against(Tensor policy_B, Tensor? reference_B) => reference_B is null
            ? Precision.AtLeastSingle(policy_B)
            : Precision.AtLeastSingle(policy_B) - Precision.AtLeastSingle(reference_B.detach());
    }
}
