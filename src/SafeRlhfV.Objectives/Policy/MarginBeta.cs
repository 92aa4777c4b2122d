namespace SafeRlhfV.Objectives;

/// <summary>
/// A β for each pair of a batch, from how clear its preference is (our own definition): β_i = β · clip(1 + a (m_i - mean m), lo, hi). Margins and β carry no
/// gradient.
/// </summary>
public static class MarginBeta
{
    /// <summary>The β of a pair.</summary>
    /// <param name="margin">m_i: by how much the preferred answer is rated above the other one.</param>
    /// <param name="mean">The mean of m over the whole batch, or a known mean of the data.</param>
    /// <param name="beta">β of a pair whose margin is the mean.</param>
    /// <param name="slope">a.</param>
    /// <param name="minimum">lo: the smallest factor.</param>
    /// <param name="maximum">hi: the largest factor.</param>
    public static double Of(double margin, double mean, double beta, double slope, double minimum, double maximum) =>
        beta * Math.Clamp(1 + slope * (margin - mean), minimum, maximum);
}
