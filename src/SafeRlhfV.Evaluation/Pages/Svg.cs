using System.Globalization;

namespace SafeRlhfV.Evaluation;

/// <summary>Numbers as SVG writes them.</summary>
internal static class Svg
{
    /// <summary>Two digits are enough for a screen.</summary>
    public static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    /// <summary>A share of a width: 0.375 is "37.5%".</summary>
    public static string Percent(double share) => Number(100 * share) + "%";
}
