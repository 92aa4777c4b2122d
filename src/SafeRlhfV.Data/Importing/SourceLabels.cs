using System.Globalization;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Data;

/// <summary>Labels in the spellings that data sets use. A label that is missing is never read as safe.</summary>
internal static partial class SourceLabels
{
    /// <summary>A yes or no.</summary>
    /// <exception cref="DroppedRowException">Missing or neither.</exception>
    public static bool Flag(object? value) => value switch
    {
        null or double.NaN => throw new DroppedRowException(DropReason.LabelMissing),
        bool flag => flag,
        long number and (0 or 1) => number == 1,
        double number and (0 or 1) => number == 1,
        string text => text.Trim().ToLowerInvariant() switch
        {
            "yes" or "true" or "1" or "y" or "safe" => true,
            "no" or "false" or "0" or "n" or "unsafe" => false,
            _ => throw new DroppedRowException(DropReason.LabelUnreadable),
        },
        _ => throw new DroppedRowException(DropReason.LabelUnreadable),
    };

    /// <summary>A category of the taxonomy; null where there is none.</summary>
    /// <param name="value">The source's name.</param>
    /// <param name="own">The user's own names, as <see cref="Plain"/> makes them, and the taxonomy's.</param>
    /// <exception cref="DroppedRowException">Not one of the twenty.</exception>
    public static string? Category(object? value, IReadOnlyDictionary<string, string> own)
    {
        if (value is null) return null;
        if (value is not string name) throw new DroppedRowException(DropReason.CategoryUnknown);
        string plain = Plain(name), meant = own.GetValueOrDefault(plain, plain);
        return Taxonomy.IndexOf(meant) >= 0 ? meant : throw new DroppedRowException(DropReason.CategoryUnknown);
    }

    /// <summary>A category's name without what spellings differ in: trimmed, lower case, runs of blank, '-', '_' and '/' as one '_'.</summary>
    public static string Plain(string name) => Separators().Replace(name.Trim().ToLowerInvariant(), "_");

    /// <summary>A severity from 0 to 3; null where there is none.</summary>
    /// <exception cref="DroppedRowException">Anything else.</exception>
    public static int? Severity(object? value)
    {
        if (value is null or double.NaN) return null;
        long? number = (value as string)?.Trim().ToLowerInvariant() switch
        {
            "minor" => 1,
            "moderate" => 2,
            "severe" => 3,
            _ => Whole(value),
        };
        return number is >= 0 and <= 3 ? (int)number : throw new DroppedRowException(DropReason.SeverityUnreadable);
    }

    /// <summary>Which of two answers a preference names: 1 or 2.</summary>
    /// <exception cref="DroppedRowException">Neither.</exception>
    public static int Preferred(object? value) => Whole(value) is 1 or 2 ? (int)Whole(value)!.Value : throw new DroppedRowException(DropReason.PreferenceMissing);

    /// <summary>A rate; null where there is none.</summary>
    /// <exception cref="DroppedRowException">Not a whole number.</exception>
    public static int? Rate(object? value) => value is null or double.NaN ? null
        : Whole(value) is { } number and >= int.MinValue and <= int.MaxValue ? (int)number : throw new DroppedRowException(DropReason.LabelUnreadable);

    /// <summary>A text or number as a text; null where there is none.</summary>
    public static string? Text(object? value) => value switch
    {
        string text => SourceText.IsValid(text) ? text : throw new DroppedRowException(DropReason.TextInvalid),
        long or double or bool => Convert.ToString(value, CultureInfo.InvariantCulture),
        _ => null,
    };

    private static long? Whole(object? value) => value switch
    {
        long number => number,
        double number when number == Math.Floor(number) && Math.Abs(number) < 1L << 53 => (long)number,
        string text when double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number) => Whole(number),
        _ => null,
    };

    [GeneratedRegex(@"[\s\-_/]+")]
    private static partial Regex Separators();
}
