namespace SafeRlhfV.Evaluation;

/// <summary>Threshold-free quality of scores against yes/no labels.</summary>
public static class Ranking
{
    /// <summary>
    /// Area under the ROC curve: the chance that a positive scores above a negative, ties one half (Mann-Whitney). NaN where a class is missing.
    /// </summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double AreaUnderCurve(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        long positives = 0, negatives = 0;
        double below = 0; // positive-negative pairs in the right order
        foreach ((int groupPositives, int groupNegatives) in DescendingGroups(scores, positive))
        {
            below += groupNegatives * (positives + 0.5 * groupPositives);
            positives += groupPositives;
            negatives += groupNegatives;
        }
        return positives == 0 || negatives == 0 ? double.NaN : below / (positives * (double)negatives);
    }

    /// <summary>
    /// Average precision: the sum over distinct thresholds of (recall gained) x precision, without interpolation (as scikit-learn). NaN without positives.
    /// </summary>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double AveragePrecision(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        long truePositives = 0, called = 0;
        double sum = 0;
        foreach ((int groupPositives, int groupNegatives) in DescendingGroups(scores, positive))
        {
            truePositives += groupPositives;
            called += groupPositives + groupNegatives;
            sum += groupPositives * (truePositives / (double)called);
        }
        return truePositives == 0 ? double.NaN : sum / truePositives;
    }

    /// <summary>Positives and negatives at each distinct score, the highest score first.</summary>
    private static List<(int Positives, int Negatives)> DescendingGroups(ReadOnlySpan<double> scores, ReadOnlySpan<bool> positive)
    {
        Lengths.MustBeEqual(scores.Length, positive.Length);
        double[] keys = scores.ToArray();
        bool[] labels = positive.ToArray();
        Array.Sort(keys, labels);
        List<(int, int)> groups = [];
        for (int end = keys.Length; end > 0;)
        {
            int start = end - 1;
            while (start > 0 && keys[start - 1] == keys[end - 1]) start--;
            int positives = 0;
            for (int i = start; i < end; i++) if (labels[i]) positives++;
            groups.Add((positives, end - start - positives));
            end = start;
        }
        return groups;
    }
}
