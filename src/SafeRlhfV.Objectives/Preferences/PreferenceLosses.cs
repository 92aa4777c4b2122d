using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// The losses of the two score models (Safe RLHF-V, section 3; docs/algorithms.md). All scores are end scores: [B], or [B, k] of k heads, whose losses are then
/// averaged. Weights, where given, count pairs more than once or not at all, as a bootstrap does; they have the shape of the scores and mean 1.
/// </summary>
public static class PreferenceLosses
{
    /// <summary>RM-V: -E log σ(R_w - R_l) + η (E R_w² + E R_l²) / 2.</summary>
    /// <param name="preferred_B">R_w, scores of the more helpful responses.</param>
    /// <param name="other_B">R_l, scores of the others.</param>
    /// <param name="eta">Weight of the regulariser that keeps scores near zero; the paper's 0.001.</param>
    /// <param name="weights_B">Weights of the pairs; null = 1.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Reward(Tensor preferred_B, Tensor other_B, double eta = 0.001, Tensor? weights_B = null)
    {
        using var scope = NewDisposeScope();
        (Tensor w_B, Tensor l_B) = (Precision.AtLeastSingle(preferred_B), Precision.AtLeastSingle(other_B));
        Tensor loss = Mean(nn.functional.logsigmoid(w_B - l_B), weights_B).neg();
        return loss.Plus(Regulariser(w_B, l_B, eta, weights_B)).MoveToOuterDisposeScope();
    }

    /// <summary>CM-V: -E log σ(C_h - C_s) - κ (E log σ(z_h C_h) + E log σ(z_s C_s)) + η (E C_h² + E C_s²) / 2.</summary>
    /// <param name="harmful_B">C_h, scores of the less safe responses; positive means harmful.</param>
    /// <param name="safer_B">C_s, scores of the safer ones.</param>
    /// <param name="labelHarmful_B">
    /// z(h) as <see cref="Labels"/> gives it, [B], or [B, 1] beside several heads; z = 0 contributes log 2 and no gradient.
    /// </param>
    /// <param name="labelSafer_B">z(s).</param>
    /// <param name="kappa">Weight of the sign term, which is the sum of the two means.</param>
    /// <param name="eta">Weight of the regulariser.</param>
    /// <param name="weights_B">Weights of the pairs; null = 1.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Cost(
        Tensor harmful_B, Tensor safer_B, Tensor labelHarmful_B, Tensor labelSafer_B, double kappa = 1, double eta = 0.001, Tensor? weights_B = null)
    {
        using var scope = NewDisposeScope();
        (Tensor h_B, Tensor s_B) = (Precision.AtLeastSingle(harmful_B), Precision.AtLeastSingle(safer_B));
        Tensor order = Mean(nn.functional.logsigmoid(h_B - s_B), weights_B);
        Tensor sign = Mean(nn.functional.logsigmoid(labelHarmful_B * h_B), weights_B).Plus(Mean(nn.functional.logsigmoid(labelSafer_B * s_B), weights_B));
        return (Regulariser(h_B, s_B, eta, weights_B) - order - sign.Times(kappa)).MoveToOuterDisposeScope();
    }

    /// <summary>The signed labels z [B] of responses.</summary>
    /// <param name="mode">Graded or sign.</param>
    /// <param name="harmlessRates_B">Integers -3..3; below 0 is unsafe.</param>
    /// <param name="dtype">Type of the scores they will meet.</param>
    public static Tensor Labels(HarmLabels mode, Tensor harmlessRates_B, ScalarType dtype = ScalarType.Float32) => HarmLabelValues.Of(mode, harmlessRates_B,
        dtype);

    /// <summary>The share of pairs whose first score is strictly greater (a tie is wrong), a scalar without gradient.</summary>
    public static Tensor PairAccuracy(Tensor greater_B, Tensor lesser_B)
    {
        using var scope = NewDisposeScope();
        return greater_B.detach().gt(lesser_B.detach()).to(ScalarType.Float64).mean().MoveToOuterDisposeScope();
    }

    /// <summary>The share of responses whose score is on the right side of 0 (0 itself is read as safe), a scalar without gradient.</summary>
    /// <param name="costs_B">Harm scores.</param>
    /// <param name="harmlessRates_B">Integers -3..3.</param>
    public static Tensor SignAccuracy(Tensor costs_B, Tensor harmlessRates_B)
    {
        using var scope = NewDisposeScope();
        return costs_B.detach().gt(Scalars.Zero).eq(harmlessRates_B.lt(Scalars.Zero)).to(ScalarType.Float64).mean().MoveToOuterDisposeScope();
    }

    private static Tensor Regulariser(Tensor a_B, Tensor b_B, double eta, Tensor? weights_B) =>
        Mean(a_B.Squared(), weights_B).Plus(Mean(b_B.Squared(), weights_B)).Times(eta / 2);

    // divided by the number of pairs, not by the sum of the weights: so the parts of a batch add up to the whole
    private static Tensor Mean(Tensor values_B, Tensor? weights_B) => weights_B is null ? values_B.mean() : (values_B * weights_B).mean();
}
