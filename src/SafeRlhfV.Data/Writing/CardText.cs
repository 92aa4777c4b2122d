using System.Text;
using System.Text.Json;

namespace SafeRlhfV.Data;

/// <summary>What dataset and model cards have alike: front matter as Hugging Face writes and reads it.</summary>
public static class CardText
{
    private const string Mark = "---", LicenseKey = "license:";

    /// <summary>The file of a card in a folder.</summary>
    public const string FileName = "README.md";

    /// <summary>A YAML scalar: plain where that is safe, else quoted (a JSON string is one).</summary>
    public static string Scalar(string value) =>
        value.Length > 0 && char.IsAsciiLetter(value[0]) && !value.EndsWith(' ')
            && value.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is ' ' or '_' or '-' or '.' or '/' or '*')
            && value.ToLowerInvariant() is not ("true" or "false" or "yes" or "no" or "on" or "off" or "null" or "y" or "n")
            ? value : JsonSerializer.Serialize(value);

    /// <summary>A key with one value; nothing where it has none.</summary>
    public static string Line(string key, string? value) => value is null ? "" : $"{key}: {Scalar(value)}\n";

    /// <summary>A key with a list of values; nothing where it has none.</summary>
    public static string List(string key, IReadOnlyList<string> values)
    {
        if (values.Count == 0) return "";
        StringBuilder text = new($"{key}:\n");
        foreach (string value in values) text.Append($"- {Scalar(value)}\n");
        return text.ToString();
    }

    /// <summary>The license that a folder's card states; null where there is no card, or it states none.</summary>
    public static string? LicenseOf(string folder)
    {
        string file = Path.Combine(folder, FileName);
        if (!File.Exists(file)) return null;
        IEnumerable<string> head = DiskErrors.Reading(file, () => File.ReadAllLines(file));
        if (head.FirstOrDefault() != Mark) return null;
        return head.Skip(1).TakeWhile(line => line != Mark).FirstOrDefault(line => line.StartsWith(LicenseKey, StringComparison.Ordinal)) is { } found
            && found[LicenseKey.Length..].Trim().Trim('"', '\'') is { Length: > 0 } license ? license : null;
    }
}
