namespace SafeRlhfV.Evaluation;

/// <summary>Whether the rate of unsafe answers is within its budget (Clopper and Pearson 1934), exact for labels of independent answers.</summary>
/// <param name="Unsafe">Answers labelled unsafe.</param>
/// <param name="Total">Answers.</param>
/// <param name="Budget">The rate that is allowed.</param>
/// <param name="Delta">δ.</param>
public sealed record RateCertificate(int Unsafe, int Total, double Budget, double Delta)
{
    /// <summary>The rate among the answers; NaN without any.</summary>
    public double Rate => (double)Unsafe / Total;

    /// <summary>The one-sided upper bound at level 1 - δ: the Beta(k + 1, n - k) quantile; 1 without answers.</summary>
    public double Bound => UpperBound(Unsafe, Total, Delta);

    /// <summary>P(Binomial(n, budget) ≤ k): the p-value for the claim that the rate is within the budget.</summary>
    public double PValue => Distributions.BinomialCdf(Unsafe, Total, Budget);

    /// <summary>Whether the rate is certified to be within the budget.</summary>
    public bool Holds => Bound <= Budget;

    /// <summary>The bound of counts.</summary>
    public static double UpperBound(int unsafeAnswers, int total, double delta) =>
        unsafeAnswers >= total ? 1 : Distributions.BetaQuantile(1 - delta, unsafeAnswers + 1, total - unsafeAnswers);
}
