namespace SafeRlhfV.Evaluation;

/// <summary>Intervals of shares.</summary>
public static class Proportion
{
    private const double Normal95 = 1.959963984540054;

    /// <summary>
    /// A share with its 95 % score interval (Wilson 1927), which keeps a width where all or none of the items hold; all NaN without items.
    /// </summary>
    /// <param name="holds">Items that hold.</param>
    /// <param name="items">Items.</param>
    public static Estimate Wilson(int holds, int items)
    {
        if (items == 0) return new(double.NaN, double.NaN, double.NaN);
        double n = items, share = holds / n, z2 = Normal95 * Normal95, scale = 1 + z2 / n;
        double centre = (share + z2 / (2 * n)) / scale, half = Normal95 * Math.Sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / scale;
        return new(share, Math.Max(0, centre - half), Math.Min(1, centre + half));
    }

    /// <summary>
    /// The difference of two shares over the same items with its 95 % interval (Bonett and Price 2012: Wald's with one item added to either side that only one
    /// share has); all NaN without items.
    /// </summary>
    /// <param name="onlyFirst">Items that hold in the first share alone.</param>
    /// <param name="onlySecond">Items that hold in the second share alone.</param>
    /// <param name="items">Items.</param>
    public static Estimate Difference(int onlyFirst, int onlySecond, int items)
    {
        if (items == 0) return new(double.NaN, double.NaN, double.NaN);
        double n = items + 2, first = (onlyFirst + 1) / n, second = (onlySecond + 1) / n, centre = first - second;
        double half = Normal95 * Math.Sqrt((first + second - centre * centre) / n);
        return new((onlyFirst - onlySecond) / (double)items, Math.Max(-1, centre - half), Math.Min(1, centre + half));
    }
}
