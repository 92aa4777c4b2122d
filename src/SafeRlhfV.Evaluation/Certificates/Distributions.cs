namespace SafeRlhfV.Evaluation;

/// <summary>
/// Tails and quantiles that certificates need, from the regularised incomplete beta function (its continued fraction: NIST Digital Library of Mathematical
/// Functions, 8.17.22). Accurate to about 1e-11 for up to a million samples.
/// </summary>
public static class Distributions
{
    // of Stirling's series, B_2k / (2k (2k - 1)): from x = 15 on the next term is below the rounding of a double
    private const double StirlingFrom = 15;
    private static readonly double[] Stirling = [1.0 / 12, -1.0 / 360, 1.0 / 1260, -1.0 / 1680, 1.0 / 1188];

    /// <summary>P(T > t) of Student's t.</summary>
    /// <param name="t">Any number.</param>
    /// <param name="degrees">Degrees of freedom, above 0.</param>
    public static double StudentUpperTail(double t, double degrees)
    {
        double tail = IncompleteBeta(degrees / (degrees + t * t), degrees / 2, .5) / 2;
        return t >= 0 ? tail : 1 - tail;
    }

    /// <summary>The t that Student's t exceeds with the given probability.</summary>
    /// <param name="upperTail">Above 0 and below 1.</param>
    /// <param name="degrees">Degrees of freedom, above 0.</param>
    public static double StudentQuantile(double upperTail, double degrees)
    {
        if (upperTail > .5) return -StudentQuantile(1 - upperTail, degrees);
        double high = 1;
        while (StudentUpperTail(high, degrees) > upperTail) high *= 2;
        return Crossing(0, high, t => StudentUpperTail(t, degrees) <= upperTail);
    }

    /// <summary>The x below which a Beta(a, b) variable lies with the given probability.</summary>
    public static double BetaQuantile(double probability, double a, double b) => Crossing(0, 1, x => IncompleteBeta(x, a, b) >= probability);

    /// <summary>P(Binomial(trials, rate) ≤ successes).</summary>
    public static double BinomialCdf(long successes, long trials, double rate) =>
        successes >= trials ? 1 : successes < 0 ? 0 : IncompleteBeta(1 - rate, trials - successes, successes + 1);

    /// <summary>The regularised incomplete beta function I_x(a, b).</summary>
    /// <param name="x">0 to 1.</param>
    /// <param name="a">Above 0.</param>
    /// <param name="b">Above 0.</param>
    public static double IncompleteBeta(double x, double a, double b)
    {
        if (x <= 0) return 0;
        if (x >= 1) return 1;
        double front = Math.Exp(LogGamma(a + b) - LogGamma(a) - LogGamma(b) + a * Math.Log(x) + b * Math.Log(1 - x));
        // the fraction converges fast on the near side of the mean only
        return x < (a + 1) / (a + b + 2) ? front * Fraction(x, a, b) / a : 1 - front * Fraction(1 - x, b, a) / b;
    }

    /// <summary>The place where a condition turns true, to the last bit.</summary>
    /// <param name="low">The condition is false here, or the answer is here.</param>
    /// <param name="high">The condition is true here.</param>
    /// <param name="holds">False below the place, true from it on.</param>
    internal static double Crossing(double low, double high, Func<double, bool> holds)
    {
        for (double middle = low + (high - low) / 2; middle > low && middle < high; middle = low + (high - low) / 2)
            (low, high) = holds(middle) ? (low, middle) : (middle, high);
        return high;
    }

    private static double LogGamma(double x)
    {
        double product = 1;
        for (; x < StirlingFrom; x++) product *= x;
        double sum = (x - .5) * Math.Log(x) - x + .5 * Math.Log(2 * Math.PI), power = 1 / x;
        foreach (double term in Stirling)
        {
            sum += term * power;
            power /= x * x;
        }
        return sum - Math.Log(product);
    }

    // Lentz's method
    private static double Fraction(double x, double a, double b)
    {
        const double tiny = 1e-300, precision = 1e-16;
        const int most = 100_000;
        double c = 1, d = 1 / NotZero(1 - (a + b) * x / (a + 1)), value = d;
        for (int m = 1; m <= most; m++)
        {
            double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
            Step(even);
            double factor = Step(odd);
            if (Math.Abs(factor - 1) <= 2 * precision) break;
        }
        return value;

        double Step(double coefficient)
        {
            d = 1 / NotZero(1 + coefficient * d);
            c = NotZero(1 + coefficient / c);
            value *= c * d;
            return c * d;
        }

        static double NotZero(double number) => Math.Abs(number) < tiny ? tiny : number;
    }
}
