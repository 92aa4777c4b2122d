namespace SafeRlhfV.SafetyWorld;

/// <summary>
/// Gaussian noise by inversion from 16 random bits: 65,536 equally likely quantiles in 1/64 of a grey level. An image needs 9,408 values, and a
/// table makes four of them from one random word; its variance differs from the exact one by less than 0.1 %.
/// </summary>
internal static class NoiseTable
{
    public const int Scale = 64;

    private const double Sigma = 6;

    public static readonly short[] Values = Make();

    private static short[] Make()
    {
        short[] values = new short[1 << 16];
        double quantile = 0;
        for (int i = values.Length / 2; i < values.Length; i++)
        {
            quantile = Quantile((i + .5) / values.Length, quantile);
            values[i] = (short)Math.Round(Sigma * Scale * quantile);
            values[values.Length - 1 - i] = (short)-values[i];
        }
        return values;
    }

    /// <summary>The standard normal quantile by Newton's method; the distribution function is summed by its series about 0 (Marsaglia 2004).</summary>
    private static double Quantile(double probability, double start)
    {
        double x = start;
        for (int step = 0; step < 50; step++)
        {
            double density = Math.Exp(-.5 * x * x) / Math.Sqrt(2 * Math.PI), term = x, sum = x;
            for (int k = 3; Math.Abs(term) > 1e-17; k += 2)
            {
                term *= x * x / k;
                sum += term;
            }
            double move = (probability - .5 - density * sum) / density;
            x += Math.Clamp(move, -.5, .5);
            if (Math.Abs(move) < 1e-9) break;
        }
        return x;
    }
}
