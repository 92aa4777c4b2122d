namespace SafeRlhfV.Evaluation;

/// <summary>
/// A figure of the form: sum over its terms of weight x (sum of numerators / sum of denominators), over the same units. Rates, F1, means of groups' rates and
/// relative scores all are; a unit that says nothing to a term has denominator 0 there.
/// </summary>
public sealed class RatioSum
{
    private const int MostDraws = 4_000_000, FewestResamples = 200;

    private readonly List<(double[] Numerators, double[] Denominators, double Weight)> terms = [];

    /// <summary>A figure of one term.</summary>
    public static RatioSum Of<T>(IReadOnlyList<T> units, Func<T, (double Numerator, double Denominator)> term, double weight = 1) =>
        new RatioSum().Plus(units, term, weight);

    /// <summary>Adds a term over the same units.</summary>
    /// <exception cref="ArgumentException">Another number of units.</exception>
    public RatioSum Plus<T>(IReadOnlyList<T> units, Func<T, (double Numerator, double Denominator)> term, double weight = 1)
    {
        if (terms.Count > 0) Lengths.MustBeEqual(terms[0].Numerators.Length, units.Count);
        (double[] numerators, double[] denominators) = (new double[units.Count], new double[units.Count]);
        for (int i = 0; i < units.Count; i++) (numerators[i], denominators[i]) = term(units[i]);
        terms.Add((numerators, denominators, weight));
        return this;
    }

    /// <summary>The figure on all units; NaN where a term has no denominator.</summary>
    public double Value => Draw(units: null);

    /// <summary>Units that say something to at least one term.</summary>
    public int Units => Enumerable.Range(0, terms[0].Numerators.Length).Count(i => terms.Exists(term => term.Denominators[i] != 0));

    /// <summary>
    /// The figure with its 95 % interval: Wilson's where it is a share of units, else the percentile bootstrap over units. Where all units are alike every
    /// resample is the sample, and where no resample has the figure: the bootstrap then knows nothing of the error, and the interval is NaN.
    /// </summary>
    public Estimate Estimate(RandomStream random)
    {
        if (IsShare) return Proportion.Wilson((int)terms[0].Numerators.Sum(), (int)terms[0].Denominators.Sum());
        (int count, double value) = (terms[0].Numerators.Length, Value);
        return double.IsNaN(value) ? new(double.NaN, double.NaN, double.NaN)
            : Bootstrap.Around(value, Draws(Math.Clamp(MostDraws / count, FewestResamples, Bootstrap.DefaultResamples), () => random.NextInt(count)));
    }

    /// <summary>
    /// The difference to another figure over the same units: Bonett and Price's interval where both are shares, over the units that both say something of;
    /// else the percentile bootstrap that draws the same units for both.
    /// </summary>
    /// <exception cref="ArgumentException">Another number of units.</exception>
    public PairedDifference Minus(RatioSum other, RandomStream random)
    {
        Lengths.MustBeEqual(terms[0].Numerators.Length, other.terms[0].Numerators.Length);
        if (IsShare && other.IsShare)
        {
            (double[] first, double[] second) = (terms[0].Numerators, other.terms[0].Numerators);
            int[] both = [.. Enumerable.Range(0, first.Length).Where(i => terms[0].Denominators[i] == 1 && other.terms[0].Denominators[i] == 1)];
            return new(Proportion.Difference(both.Count(i => first[i] > second[i]), both.Count(i => first[i] < second[i]), both.Length), both.Length,
                PairedDifference.BonettPrice);
        }
        RatioSum difference = new();
        difference.terms.AddRange(terms);
        difference.terms.AddRange(other.terms.Select(term => (term.Numerators, term.Denominators, -term.Weight)));
        return new(difference.Estimate(random), difference.Units, PairedDifference.Bootstrap);
    }

    private bool IsShare => terms is [(var numerators, var denominators, 1)] && denominators.All(one => one is 0 or 1)
        && numerators.All(one => one is 0 or 1);

    /// <summary>The figure on resamples, each of as many units as there are; NaN where a resample has no denominator.</summary>
    /// <param name="resamples">Number of resamples.</param>
    /// <param name="draw">The index of the next unit, one resample after the other.</param>
    public double[] Draws(int resamples, Func<int> draw)
    {
        int[] units = new int[terms[0].Numerators.Length];
        double[] draws = new double[resamples];
        for (int r = 0; r < resamples; r++)
        {
            for (int i = 0; i < units.Length; i++) units[i] = draw();
            draws[r] = Draw(units);
        }
        return draws;
    }

    private double Draw(int[]? units)
    {
        double value = 0;
        foreach ((double[] numerators, double[] denominators, double weight) in terms)
        {
            double numerator = 0, denominator = 0;
            for (int i = 0; i < numerators.Length; i++)
            {
                int unit = units?[i] ?? i;
                numerator += numerators[unit];
                denominator += denominators[unit];
            }
            value += weight * (denominator == 0 ? double.NaN : numerator / denominator);
        }
        return value;
    }
}
