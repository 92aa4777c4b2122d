using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>Direct preference optimisation (Rafailov et al. 2023), with conservative label smoothing, a β for each pair and SafeDPO's margin.</summary>
public static class Dpo
{
    /// <summary>From per-token log-probabilities, whose valid ones are summed. Chosen and rejected may differ in length T.</summary>
    /// <param name="policyChosen_BT">log π of the chosen answers' tokens; the gradient flows here.</param>
    /// <param name="policyRejected_BT">log π of the rejected answers' tokens; and here.</param>
    /// <param name="referenceChosen_BT">log π_ref; null with the next one: reference-free.</param>
    /// <param name="referenceRejected_BT">log π_ref.</param>
    /// <param name="maskChosen_BT">bool; true is valid.</param>
    /// <param name="maskRejected_BT">bool; true is valid.</param>
    /// <param name="beta_B">β of each pair (<see cref="MarginBeta"/>).</param>
    /// <param name="offset_B">What is taken from each pair's logit; null = nothing.</param>
    /// <param name="labelSmoothing">e: the assumed share of flipped labels.</param>
    public static DpoLoss Loss(
        Tensor policyChosen_BT, Tensor policyRejected_BT, Tensor? referenceChosen_BT, Tensor? referenceRejected_BT, Tensor maskChosen_BT,
        Tensor maskRejected_BT, Tensor beta_B, Tensor? offset_B, double labelSmoothing = 0)
    {
        using var scope = NewDisposeScope();
        Tensor chosen_B = Masked.Zeroed(policyChosen_BT, maskChosen_BT).sum(1), rejected_B = Masked.Zeroed(policyRejected_BT, maskRejected_BT).sum(1);
        Tensor? referenceChosen_B = referenceChosen_BT is null ? null : Masked.Zeroed(referenceChosen_BT, maskChosen_BT).sum(1);
        Tensor? referenceRejected_B = referenceRejected_BT is null ? null : Masked.Zeroed(referenceRejected_BT, maskRejected_BT).sum(1);
        return Loss(chosen_B, rejected_B, referenceChosen_B, referenceRejected_B, beta_B, offset_B, labelSmoothing).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// From summed log-probabilities, [B]: -(1 - e) log σ(x) - e log σ(-x), x = β d - o, d = (log π_c - log π_r) - (log ref_c - log ref_r). Rewards are
    /// measured against the reference, or against 0 where there is none. SafeDPO (arXiv 2505.20065, equation 12) has o = Δ (h_rejected - h_chosen) on pairs in
    /// the order of <see cref="SafePairOrder"/>: a safe answer must win by more than Δ / β.
    /// </summary>
    /// <param name="policyChosen_B">log π of the chosen answers; the gradient flows here.</param>
    /// <param name="policyRejected_B">log π of the rejected answers; and here.</param>
    /// <param name="referenceChosen_B">log π_ref; null with the next one: reference-free.</param>
    /// <param name="referenceRejected_B">log π_ref.</param>
    /// <param name="beta_B">β of each pair.</param>
    /// <param name="offset_B">o of each pair; null = 0.</param>
    /// <param name="labelSmoothing">e: the assumed share of flipped labels.</param>
    public static DpoLoss Loss(
        Tensor policyChosen_B, Tensor policyRejected_B, Tensor? referenceChosen_B, Tensor? referenceRejected_B, Tensor beta_B, Tensor? offset_B,
        double labelSmoothing = 0)
    {
        if (referenceChosen_B is null != referenceRejected_B is null) throw new ArgumentException("Give both reference log-probabilities or neither.");
        using var scope = NewDisposeScope();
        Tensor chosen_B = Against(policyChosen_B, referenceChosen_B), rejected_B = Against(policyRejected_B, referenceRejected_B);
        Tensor logits_B = (chosen_B - rejected_B) * beta_B;
        if (offset_B is not null) logits_B = logits_B - offset_B;
        Tensor losses_B = nn.functional.logsigmoid(logits_B).Times(labelSmoothing - 1);
        if (labelSmoothing != 0) losses_B = losses_B - nn.functional.logsigmoid(logits_B.neg()).Times(labelSmoothing);
        Tensor chosenRewards_B = chosen_B.detach() * beta_B, rejectedRewards_B = rejected_B.detach() * beta_B;
        return new DpoLoss(
            losses_B.numel() == 0 ? losses_B.sum() : losses_B.mean(), // the mean of nothing is not a number
            losses_B.detach(),
            logits_B.detach(),
            chosenRewards_B,
            rejectedRewards_B,
            chosenRewards_B.gt(rejectedRewards_B).to(chosenRewards_B.dtype).mean(),
            (chosenRewards_B - rejectedRewards_B).mean()).MoveToOuterDisposeScope();

        static Tensor Against(Tensor policy_B, Tensor? reference_B) => reference_B is null
            ? Precision.AtLeastSingle(policy_B)
            : Precision.AtLeastSingle(policy_B) - Precision.AtLeastSingle(reference_B.detach());
    }
}
