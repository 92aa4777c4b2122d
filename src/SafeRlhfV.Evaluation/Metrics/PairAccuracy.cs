namespace SafeRlhfV.Evaluation;

/// <summary>How often a score puts the better of two answers first.</summary>
public static class PairAccuracy
{
    /// <summary>1 for each pair with better &gt; worse, else 0: a tie is wrong. The mean is the accuracy.</summary>
    /// <param name="better">Scores of the better answers.</param>
    /// <param name="worse">Scores of the worse ones, pair by pair.</param>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double[] Rights(ReadOnlySpan<double> better, ReadOnlySpan<double> worse)
    {
        Lengths.MustBeEqual(better.Length, worse.Length);
        double[] rights = new double[better.Length];
        for (int i = 0; i < rights.Length; i++) rights[i] = better[i] > worse[i] ? 1 : 0;
        return rights;
    }
}
