using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// The scores of an ensemble of k heads as one score an answer: their mean, moved by c standard deviations to the unfavourable side (mean - c·std of a reward,
/// mean + c·std of a cost), so that answers on which the heads disagree pay less. Coste et al. 2024 (arXiv 2310.02743) take the variance in place of the
/// standard deviation, of whole models; heads on one backbone: Ahmed et al. 2024 (arXiv 2406.01013). The deviation is that of the k heads (ddof 0).
/// </summary>
/// <param name="Mean_B">Mean over the heads.</param>
/// <param name="Std_B">Standard deviation over the heads; exactly 0, with gradient 0, where all agree.</param>
/// <param name="Score_B">The pessimistic score.</param>
/// <param name="Splits_B">1 where the heads are not all on one side of 0 (0 itself counts as the lower side), else 0.</param>
public sealed record EnsembleScores(Tensor Mean_B, Tensor Std_B, Tensor Score_B, Tensor Splits_B)
{
    /// <summary>Mean standard deviation over the batch, a scalar.</summary>
    public Tensor Disagreement => Std_B.mean();

    /// <summary>Share of the batch whose heads are not all on one side of 0, a scalar.</summary>
    public Tensor SignDisagreement => Splits_B.mean();

    /// <summary>Joins the scores of the heads.</summary>
    /// <param name="heads_kB">One row a head.</param>
    /// <param name="pessimism">c, 0 or more.</param>
    /// <param name="role">Reward or cost.</param>
    public static EnsembleScores Of(Tensor heads_kB, double pessimism, ScoreRole role)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(pessimism);
        using var scope = NewDisposeScope();
        long[] overHeads = [0];
        Tensor wide_kB = Precision.AtLeastSingle(heads_kB), mean_B = wide_kB.mean(overHeads);
        Tensor variance_B = (wide_kB - mean_B).Squared().mean(overHeads);
        // the mean of equal values can differ from them by rounding, and the root has no gradient at 0
        Tensor agree_B = wide_kB.amax(overHeads).eq(wide_kB.amin(overHeads)).logical_or(variance_B.eq(Scalars.Zero));
        Tensor std_B = variance_B.masked_fill(agree_B, Scalars.One).sqrt().masked_fill(agree_B, Scalars.Zero);
        Tensor score_B = mean_B.Plus(std_B.Times(role == ScoreRole.Reward ? -pessimism : pessimism));
        Tensor above_kB = wide_kB.detach().gt(Scalars.Zero);
        Tensor splits_B = above_kB.any(0).logical_and(above_kB.logical_not().any(0)).to(wide_kB.dtype);
        return new(mean_B.MoveToOuterDisposeScope(), std_B.MoveToOuterDisposeScope(), score_B.MoveToOuterDisposeScope(),
            splits_B.MoveToOuterDisposeScope());
    }
}
