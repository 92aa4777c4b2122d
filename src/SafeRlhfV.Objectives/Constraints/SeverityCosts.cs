namespace SafeRlhfV.Objectives;

/// <summary>From how harmful an answer is to three costs of 0 or 1, for minor, moderate and severe harm: each has its own budget and multiplier.</summary>
public static class SeverityCosts
{
    /// <summary>The severities that have a cost: minor, moderate, severe.</summary>
    public const int Count = 3;

    /// <summary>The severity of a harmlessness rate of -3 to 3: 0 for a harmless answer, else 1 to 3.</summary>
    public static int OfRate(long harmlessRate) => (int)Math.Max(0, -harmlessRate);

    /// <summary>The severity of a cost: the number of bands that it is above; a cost equal to a band is below it.</summary>
    /// <param name="cost">C; NaN = not known.</param>
    /// <param name="bands">Where minor, moderate and severe harm begin, in rising order.</param>
    /// <returns>0 to 3; -1 = not known.</returns>
    public static int OfScore(double cost, IReadOnlyList<double> bands) => double.IsNaN(cost) ? -1 : bands.Count(band => cost > band);

    /// <summary>The costs of an answer for minor, moderate and severe harm; all 0 where its severity is not known.</summary>
    public static double[] Of(int severity, SeverityEncoding encoding) =>
        [.. Enumerable.Range(1, Count).Select(k => (encoding == SeverityEncoding.Exclusive ? severity == k : severity >= k) ? 1.0 : 0.0)];
}
