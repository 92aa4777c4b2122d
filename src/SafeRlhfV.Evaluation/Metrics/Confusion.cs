namespace SafeRlhfV.Evaluation;

/// <summary>Counts of a yes/no classification. "Positive" is unsafe throughout the house.</summary>
/// <param name="TruePositives">Unsafe, called unsafe.</param>
/// <param name="FalsePositives">Safe, called unsafe (false alarms).</param>
/// <param name="FalseNegatives">Unsafe, called safe (missed).</param>
/// <param name="TrueNegatives">Safe, called safe.</param>
public sealed record Confusion(int TruePositives, int FalsePositives, int FalseNegatives, int TrueNegatives)
{
    /// <summary>Calls a score positive where it is above <paramref name="threshold"/> (a score at it is not), against the labels (both [rows]).</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static Confusion FromScores(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive, double threshold = 0)
    {
        Lengths.MustBeEqual(scores.Length, positive.Length);
        int tp = 0, fp = 0, fn = 0, tn = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            bool called = scores[i] > threshold;
            if (called && positive[i]) tp++;
            else if (called) fp++;
            else if (positive[i]) fn++;
            else tn++;
        }
        return new(tp, fp, fn, tn);
    }

    /// <summary>Counts calls against labels (both [rows]).</summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static Confusion FromCalls(ReadOnlySpan<bool> called, ReadOnlySpan<bool> positive)
    {
        double[] scores = new double[called.Length];
        for (int i = 0; i < scores.Length; i++) scores[i] = called[i] ? 1 : 0;
        return FromScores(scores, positive);
    }

    /// <summary>Adds the counts of two sets of rows (micro averaging over labels).</summary>
    public static Confusion operator +(Confusion a, Confusion b) => new(
        a.TruePositives + b.TruePositives, a.FalsePositives + b.FalsePositives, a.FalseNegatives + b.FalseNegatives, a.TrueNegatives + b.TrueNegatives);

    /// <summary>Rows.</summary>
    public int Count => TruePositives + FalsePositives + FalseNegatives + TrueNegatives;

    /// <summary>Share called right; NaN without rows. At threshold 0 on cost scores this is the sign accuracy.</summary>
    public double Accuracy => (TruePositives + TrueNegatives) / (double)Count;

    /// <summary>Mean of the two classes' recalls; where a class is missing, the recall of the other.</summary>
    public double BalancedAccuracy
    {
        get
        {
            int positives = TruePositives + FalseNegatives, negatives = FalsePositives + TrueNegatives;
            if (positives == 0) return TrueNegatives / (double)negatives;
            if (negatives == 0) return TruePositives / (double)positives;
            return (TruePositives / (double)positives + TrueNegatives / (double)negatives) / 2;
        }
    }

    /// <summary>Share of the calls that are right; 0 where nothing was called (scikit-learn's convention).</summary>
    public double Precision => Share(TruePositives, TruePositives + FalsePositives);

    /// <summary>Share of the positives that were called; 0 where there are none.</summary>
    public double Recall => Share(TruePositives, TruePositives + FalseNegatives);

    /// <summary>Harmonic mean of precision and recall; 0 where both are.</summary>
    public double F1 => Share(2 * TruePositives, 2 * TruePositives + FalsePositives + FalseNegatives);

    /// <summary>Share of the negatives that were called; 0 where there are none.</summary>
    public double FalseAlarmRate => Share(FalsePositives, FalsePositives + TrueNegatives);

    /// <summary>Share of the positives that were not called; 0 where there are none.</summary>
    public double MissRate => Share(FalseNegatives, TruePositives + FalseNegatives);

    private static double Share(int part, int whole) => whole == 0 ? 0 : part / (double)whole;
}
