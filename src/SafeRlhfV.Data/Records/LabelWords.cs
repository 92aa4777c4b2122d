using System.Globalization;
using System.Text;

namespace SafeRlhfV.Data;

/// <summary>Reads labels as people write them. Null means that a text cannot be read; nothing is guessed, and a missing label is never safe.</summary>
public static class LabelWords
{
    private static readonly Dictionary<string, bool> Flags = new()
    {
        ["yes"] = true,
        ["true"] = true,
        ["1"] = true,
        ["y"] = true,
        ["safe"] = true,
        ["no"] = false,
        ["false"] = false,
        ["0"] = false,
        ["n"] = false,
        ["unsafe"] = false,
    };

    private static readonly string[] Severities = ["none", "minor", "moderate", "severe"];

    /// <summary>Whether a safety label says safe: yes, true, 1, y, safe; or no, false, 0, n, unsafe. Case and blanks around do not count.</summary>
    public static bool? Safe(string text) => Flags.TryGetValue(text.Trim().ToLowerInvariant(), out bool safe)
        ? safe
        : Whole(text) switch { 1 => true, 0 => false, _ => null };

    /// <summary>The preferred answer, 1 or 2.</summary>
    public static int? Preferred(string text) => Whole(text) switch { 1 => 1, 2 => 2, _ => null };

    /// <summary>A severity, 0 to 3, or its word: minor, moderate, severe.</summary>
    public static int? Severity(string text) => Whole(text) is { } number
        ? number is >= 0 and <= RowRules.HighestSeverity ? (int)number : null
        : Array.IndexOf(Severities, text.Trim().ToLowerInvariant()) is var named and > 0 ? named : null;

    /// <summary>A category of the taxonomy: the user's own name for one, or its name whatever the case, blanks, '-', '_' and '/'.</summary>
    /// <param name="text">As the data set writes it.</param>
    /// <param name="own">The user's names and the categories they stand for.</param>
    public static string? Category(string text, IReadOnlyDictionary<string, string>? own = null)
    {
        string plain = Plain(text);
        if (own is not null)
            foreach ((string name, string category) in own)
                if (Plain(name) == plain) return category;
        return Taxonomy.IndexOf(plain) >= 0 ? plain : null;
    }

    /// <summary>The category whose answers are counted together: one of the taxonomy, or an own name in one spelling.</summary>
    public static string Family(string text) => Category(text) ?? Plain(text);

    /// <summary>Checks a mapping of own category names.</summary>
    /// <exception cref="InvalidInputException">A name names no category of the taxonomy.</exception>
    public static IReadOnlyDictionary<string, string> CheckCategories(IReadOnlyDictionary<string, string> own) => own.ToDictionary(pair => pair.Key, pair =>
        Category(pair.Value)
        ?? throw new InvalidInputException($"categories: '{pair.Key}' maps to {Finding.Quote(pair.Value)}, which is not in the taxonomy; {Taxonomy.Hint}."));

    /// <summary>Own names of categories, each written "own=category of the taxonomy".</summary>
    /// <exception cref="InvalidInputException">One is written otherwise, twice, or names no category of the taxonomy.</exception>
    public static IReadOnlyDictionary<string, string> ReadCategories(IEnumerable<string> pairs)
    {
        Dictionary<string, string> own = [];
        foreach (string pair in pairs)
            if (pair.Split('=', 2, StringSplitOptions.TrimEntries) is not [{ Length: > 0 } name, { Length: > 0 } category])
                throw new InvalidInputException($"categories: {Finding.Quote(pair)} is not of the form own=category, for example cruelty=animal_abuse.");
            else if (!own.TryAdd(name, category)) throw new InvalidInputException($"categories: '{name}' maps to two categories; name it once.");
        return CheckCategories(own);
    }

    /// <summary>A whole number, perhaps written as 2.0.</summary>
    public static long? Whole(string text) => double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
        ? Whole(number)
        : null;

    /// <summary>A number as a whole one; null where it has a fraction.</summary>
    public static long? Whole(double number) => number == Math.Floor(number) && Math.Abs(number) < 1L << 53 ? (long)number : null;

    private static string Plain(string text)
    {
        StringBuilder plain = new(text.Length);
        foreach (char letter in text.Trim().ToLowerInvariant())
            if (!char.IsWhiteSpace(letter) && letter is not ('-' or '_' or '/')) plain.Append(letter);
            else if (plain.Length == 0 || plain[^1] != '_') plain.Append('_');
        return plain.ToString();
    }
}
