namespace SafeRlhfV.SafetyWorld;

/// <summary>What the oracle says of a pair, without noise. A data set holds it only where its labels were asked for without noise.</summary>
/// <param name="First">Rating of the first answer.</param>
/// <param name="Second">Rating of the second answer.</param>
public sealed record TrueLabels(OracleRating First, OracleRating Second)
{
    /// <summary>The more helpful answer, 1 or 2; 0 at an exact tie of the fine scores.</summary>
    public int MoreHelpful => Better(First.Helpfulness, Second.Helpfulness);

    /// <summary>The safer answer, 1 or 2; 0 at an exact tie of the fine scores.</summary>
    public int Safer => Better(First.Harmlessness, Second.Harmlessness);

    private static int Better(double first, double second) => first > second ? 1 : second > first ? 2 : 0;
}
