using System.Globalization;

namespace SafeRlhfV.Data;

/// <summary>
/// Labels as sources hold them: texts, which <see cref="LabelWords"/> reads, numbers or flags. A label that is missing is never read as safe.
/// </summary>
internal static class SourceLabels
{
    /// <summary>A yes or no.</summary>
    /// <exception cref="DroppedRowException">Missing or neither.</exception>
    public static bool Flag(object? value) => FlagOrNull(value) ?? throw new DroppedRowException(DropReason.LabelMissing);

    /// <summary>A yes or no; null where there is none.</summary>
    /// <exception cref="DroppedRowException">Neither.</exception>
    public static bool? FlagOrNull(object? value) => value switch
    {
        null or double.NaN => null,
        bool flag => flag,
        string text => LabelWords.Safe(text) ?? throw new DroppedRowException(DropReason.LabelUnreadable),
        _ => Whole(value) is 0 or 1 ? Whole(value) == 1 : throw new DroppedRowException(DropReason.LabelUnreadable),
    };

    /// <summary>A category of the taxonomy; null where there is none.</summary>
    /// <param name="value">The source's name.</param>
    /// <param name="own">The user's own names and the taxonomy's.</param>
    /// <exception cref="DroppedRowException">Not one of the twenty.</exception>
    public static string? Category(object? value, IReadOnlyDictionary<string, string> own) =>
        value is null ? null : (value is string name ? LabelWords.Category(name, own) : null) ?? throw new DroppedRowException(DropReason.CategoryUnknown);

    /// <summary>A severity from 0 to 3; null where there is none.</summary>
    /// <exception cref="DroppedRowException">Anything else.</exception>
    public static int? Severity(object? value) => value is null or double.NaN ? null
        : (value is bool ? null : LabelWords.Severity(Text(value) ?? "")) ?? throw new DroppedRowException(DropReason.SeverityUnreadable);

    /// <summary>Which of two answers a preference names, 1 or 2; null where it names none.</summary>
    /// <exception cref="DroppedRowException">It names another.</exception>
    public static int? Preferred(object? value) => value is null or double.NaN ? null
        : Whole(value) is 1 or 2 ? (int)Whole(value)!.Value : throw new DroppedRowException(DropReason.PreferenceMissing);

    /// <summary>A rate; null where there is none.</summary>
    /// <exception cref="DroppedRowException">Not a whole number.</exception>
    public static int? Rate(object? value) => value is null or double.NaN ? null
        : Whole(value) is { } number and >= int.MinValue and <= int.MaxValue ? (int)number : throw new DroppedRowException(DropReason.LabelUnreadable);

    /// <summary>A text or number as a text; null where there is none.</summary>
    /// <exception cref="DroppedRowException">The text is no valid Unicode.</exception>
    public static string? Text(object? value) => value switch
    {
        string text => SourceText.IsValid(text) ? text : throw new DroppedRowException(DropReason.TextInvalid),
        long or double or bool => Convert.ToString(value, CultureInfo.InvariantCulture),
        _ => null,
    };

    private static long? Whole(object? value) => value switch
    {
        long number => number,
        double number => LabelWords.Whole(number),
        string text => LabelWords.Whole(text),
        _ => null,
    };
}
