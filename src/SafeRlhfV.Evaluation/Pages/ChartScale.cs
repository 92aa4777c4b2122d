using System.Globalization;

namespace SafeRlhfV.Evaluation;

/// <summary>Where values stand on an axis, and what is written at it.</summary>
internal sealed class ChartScale
{
    private const double Room = 0.05;

    private readonly double low, high;

    private ChartScale(double low, double high, IReadOnlyList<(double, string)> ticks) => (this.low, this.high, Ticks) = (low, high, ticks);

    /// <summary>Values with what is written at them.</summary>
    public IReadOnlyList<(double Value, string Text)> Ticks { get; }

    /// <summary>The scale of an axis.</summary>
    /// <param name="axis">The axis.</param>
    /// <param name="values">All values on it, intervals included; what is not finite does not count.</param>
    /// <param name="count">About how many numbers are to be written.</param>
    /// <param name="tight">The data's ends are the axis' ends: for steps.</param>
    public static ChartScale Of(ChartAxis axis, IEnumerable<double> values, int count, bool tight = false)
    {
        if (axis.Categories.Count > 0) return new(-0.5, axis.Categories.Count - 0.5, [.. axis.Categories.Select((name, i) => ((double)i, name))]);
        double[] finite = [.. values.Where(double.IsFinite)];
        (double low, double high) = axis.Range ?? (finite.Length == 0 ? (0, 1) : (finite.Min(), finite.Max()));
        if (axis.Range is null)
        {
            if (axis.FromZero) (low, high) = (Math.Min(0, low), Math.Max(0, high));
            double span = high - low, room = span > 0 ? Room * span : Math.Max(Math.Abs(high) * Room, 1e-6);
            if (!tight || span == 0) (low, high) = (axis.FromZero && low == 0 ? 0 : low - room, high + room);
        }
        double step = NiceStep((high - low) / count);
        long first = (long)Math.Ceiling(low / step - 1e-9), last = (long)Math.Floor(high / step + 1e-9);
        return new(low, high, [.. Enumerable.Range(0, (int)Math.Max(0, last - first + 1)).Select(i => ((first + i) * step, Text((first + i) * step, step)))]);
    }

    /// <summary>0 at the axis' beginning, 1 at its end.</summary>
    public double Share(double value) => (value - low) / (high - low);

    /// <summary>Whether it lies on the axis.</summary>
    public bool Holds(double value) => value >= low && value <= high;

    // 1, 2 or 5 times a power of ten
    private static double NiceStep(double wanted)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(wanted))), rest = wanted / power;
        return power * (rest <= 1 ? 1 : rest <= 2 ? 2 : rest <= 5 ? 5 : 10);
    }

    private static string Text(double value, double step)
    {
        int digits = Math.Max(0, (int)-Math.Floor(Math.Log10(step) + 1e-9));
        if (Math.Abs(value) < step / 2) return "0";
        string text = Math.Abs(value) >= 1e6 || digits > 4
            ? Math.Abs(value).ToString("0.##e0", CultureInfo.InvariantCulture)
            : Math.Abs(value).ToString("F" + digits, CultureInfo.InvariantCulture);
        return value < 0 ? "−" + text : text;
    }
}
