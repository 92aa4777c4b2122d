using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;

namespace SafeRlhfV.Training;

/// <summary>What a numeric setting may be, as the <see cref="RangeAttribute"/> of its property says.</summary>
/// <param name="Least">The smallest value.</param>
/// <param name="Most">The largest value.</param>
/// <param name="Above">The smallest value itself is not allowed.</param>
/// <param name="Below">The largest value itself is not allowed.</param>
internal sealed record SettingLimits(double Least, double Most, bool Above, bool Below)
{
    private const double Unreached = 1e9;

    /// <summary>The limits of a property.</summary>
    /// <exception cref="InvalidOperationException">It has none.</exception>
    public static SettingLimits Of(PropertyInfo property)
    {
        RangeAttribute range = property.GetCustomAttribute<RangeAttribute>()
            ?? throw new InvalidOperationException($"{property.DeclaringType!.Name}.{property.Name} has no limits; give it a [Range].");
        return new(Number(range.Minimum), Number(range.Maximum), range.MinimumIsExclusive, range.MaximumIsExclusive);
    }

    /// <summary>Whether a value is allowed; NaN never is.</summary>
    public bool Allows(double value) => (Above ? value > Least : value >= Least) && (Below ? value < Most : value <= Most);

    /// <summary>The limits as a guide writes them, such as "0 to below 1"; those that nobody reaches are left out.</summary>
    public string Range
    {
        get
        {
            if (Least <= -Unreached) return "any";
            string least = string.Create(CultureInfo.InvariantCulture, $"{(Above ? "above " : "")}{Least:R}");
            return Most >= Unreached
                ? least + (Above ? "" : " or more")
                : string.Create(CultureInfo.InvariantCulture, $"{least} to {(Below ? "below " : "")}{Most:R}");
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{(Above ? "above" : "at least")} {Text(Least)} and {(Below ? "below" : "at most")} {Text(Most)}";

    // whole ones in full: the limits of 64 bits are no double
    private static string Text(double limit) => limit >= long.MaxValue ? $"{long.MaxValue}" : limit <= long.MinValue ? $"{long.MinValue}"
        : limit == Math.Truncate(limit) ? ((long)limit).ToString(CultureInfo.InvariantCulture) : limit.ToString("R", CultureInfo.InvariantCulture);

    private static double Number(object bound) => Convert.ToDouble(bound, CultureInfo.InvariantCulture);
}
