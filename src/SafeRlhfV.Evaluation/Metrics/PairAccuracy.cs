namespace SafeRlhfV.Evaluation;

/// <summary>How often a score puts the better of two answers first.</summary>
/// <param name="Accuracy">Share of pairs with better &gt; worse; a tie is wrong. NaN without pairs.</param>
/// <param name="AccuracyTiesHalf">The same with a tie counted as one half.</param>
/// <param name="Ties">Pairs with equal scores.</param>
/// <param name="Count">Pairs.</param>
public sealed record PairAccuracy(double Accuracy, double AccuracyTiesHalf, int Ties, int Count)
{
    /// <summary>Compares the scores of the better answers with those of the worse ones, pair by pair (both [pairs]).</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static PairAccuracy Measure(ReadOnlySpan<double> better, ReadOnlySpan<double> worse)
    {
        Lengths.MustBeEqual(better.Length, worse.Length);
        int right = 0, ties = 0;
        for (int i = 0; i < better.Length; i++)
        {
            if (better[i] > worse[i]) right++;
            else if (better[i] == worse[i]) ties++;
        }
        double count = better.Length;
        return new(right / count, (right + 0.5 * ties) / count, ties, better.Length);
    }
}
