using System.Globalization;

namespace SafeRlhfV.Training;

/// <summary>A rough estimate of how long a recipe takes.</summary>
/// <param name="Unit">"step", or "round" for PPO.</param>
/// <param name="FlopsOfUnit">Floating-point operations of one.</param>
/// <param name="SecondsOfUnit">Seconds of one.</param>
/// <param name="Units">How many there are; null where the data decides and was not looked at.</param>
/// <param name="Assumed">What was assumed, in words.</param>
public sealed record TimePlan(string Unit, double FlopsOfUnit, double SecondsOfUnit, long? Units, string Assumed)
{
    /// <summary>Seconds of all steps or rounds.</summary>
    public double? Seconds => Units * SecondsOfUnit;

    /// <summary>The estimate as lines of text.</summary>
    public IReadOnlyList<string> Lines =>
    [
        string.Create(CultureInfo.InvariantCulture, $"time, a rough estimate: {Span(SecondsOfUnit)} a {Unit}") + (Units is { } units
            ? string.Create(CultureInfo.InvariantCulture, $", {units:N0} {Unit}{(units == 1 ? "" : "s")}: {Span(SecondsOfUnit * units)}")
            : $"; how many {Unit}s there are is the data's to say (--data)"),
        $"  it assumes {Assumed}",
    ];

    /// <summary>A time as a person reads it.</summary>
    /// <param name="seconds">Seconds.</param>
    public static string Span(double seconds) => seconds switch
    {
        < 0.01 => string.Create(CultureInfo.InvariantCulture, $"{1000 * seconds:0.#} ms"),
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{1000 * seconds:0} ms"),
        < 120 => string.Create(CultureInfo.InvariantCulture, $"{seconds:F1} s"),
        < 7200 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:F0} min"),
        < 172_800 => string.Create(CultureInfo.InvariantCulture, $"{seconds / 3600:F1} h"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds / 86_400:F1} days"),
    };
}
