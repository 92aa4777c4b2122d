using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>Turns the two end scores and the divergence from the reference into per-token rewards and costs (ALGORITHMS section 3).</summary>
public static class KlShaping
{
    /// <summary>
    /// k_t = log π_old(y_t) - log π_ref(y_t); r_t = -β k_t (+ R at the last valid token), c_t = +β k_t (+ C there), both clamped to ±<paramref name="clipScore"/>.
    /// </summary>
    /// <param name="logProbs_BT">log π_old of the sampled tokens.</param>
    /// <param name="referenceLogProbs_BT">log π_ref of them.</param>
    /// <param name="mask_BT">bool; true is valid. What stands elsewhere does not matter.</param>
    /// <param name="reward_B">R(x, y).</param>
    /// <param name="cost_B">C(x, y).</param>
    /// <param name="beta">Weight of the divergence.</param>
    /// <param name="clipScore">Bound on each token's reward and cost.</param>
    /// <returns>Detached.</returns>
    public static ShapedScores Scores(
        Tensor logProbs_BT, Tensor referenceLogProbs_BT, Tensor mask_BT, Tensor reward_B, Tensor cost_B, double beta = 0.02, double clipScore = 50)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        Tensor invalid_BT = mask_BT.logical_not();
        Tensor divergence_BT = Masked.Zeroed(logProbs_BT.detach() - referenceLogProbs_BT.detach(), mask_BT);
        Tensor columns_T = Scalars.Range(mask_BT.shape[1], device: mask_BT.device);
        Tensor last_BT = columns_T.unsqueeze(0).eq(EndScores.LastValid(mask_BT).unsqueeze(1));
        Tensor penalty_BT = divergence_BT.Times(beta);
        Tensor rewards_BT = Shaped(penalty_BT.neg(), reward_B), costs_BT = Shaped(penalty_BT, cost_B);
        // a row without tokens adds nothing, but is a row
        Tensor klSum = divergence_BT.sum(1).mean();
        return new ShapedScores(rewards_BT.MoveToOuterDisposeScope(), costs_BT.MoveToOuterDisposeScope(), klSum.MoveToOuterDisposeScope());

        Tensor Shaped(Tensor tokens_BT, Tensor end_B) =>
            where(last_BT, tokens_BT.Plus(end_B.detach().to(tokens_BT.dtype).unsqueeze(1)), tokens_BT).Within(-clipScore, clipScore).masked_fill_(invalid_BT, Scalars.Zero);
    }
}
