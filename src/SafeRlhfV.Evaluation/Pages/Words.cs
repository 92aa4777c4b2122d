using System.Globalization;

namespace SafeRlhfV.Evaluation;

/// <summary>Figures and names as a reader wants them.</summary>
internal static class Words
{
    public const string Unknown = "–";

    /// <summary>A number of things: "1 pair", "2 pairs".</summary>
    public static string Count(long number, string thing) => $"{number} {thing}{(number == 1 ? "" : "s")}";

    /// <summary>A fraction as a percentage: 0.879 is "87.9 %".</summary>
    public static string Percent(double? fraction, int digits = 1) =>
        fraction is not double value || double.IsNaN(value) ? Unknown : $"{Number(100 * value, digits)}\u00A0%";

    /// <summary>Points with their sign: "+37.9".</summary>
    public static string Points(double? points, int digits = 1) => points is not double value || double.IsNaN(value) ? Unknown : Signed(value, digits);

    /// <summary>A plain number; the minus is the typographic one.</summary>
    public static string Number(double? number, int digits = 2)
    {
        if (number is not double value || double.IsNaN(value)) return Unknown;
        double rounded = Math.Round(value, digits, MidpointRounding.AwayFromZero);
        string text = Math.Abs(rounded).ToString(Math.Abs(rounded) >= 1e7 ? "0.0e0" : "N" + digits, CultureInfo.InvariantCulture);
        return rounded < 0 ? "−" + text : text;
    }

    /// <summary>A number with its sign; zero has none.</summary>
    public static string Signed(double value, int digits) => (Math.Round(value, digits, MidpointRounding.AwayFromZero) > 0 ? "+" : "") + Number(value, digits);

    /// <summary>Seconds as a person says them: "41 s", "5 min 07 s".</summary>
    public static string Duration(double seconds) => seconds < 60
        ? $"{Number(seconds, seconds < 10 ? 1 : 0)}\u00A0s"
        : $"{(int)(Math.Round(seconds) / 60)}\u00A0min {(int)Math.Round(seconds) % 60:00}\u00A0s";

    /// <summary>A text in lines of at most so many letters where its words allow it.</summary>
    public static string[] Wrap(string text, int letters)
    {
        List<string> lines = [];
        foreach (string word in text.Split(' '))
            if (lines.Count > 0 && lines[^1].Length + 1 + word.Length <= letters) lines[^1] += " " + word;
            else lines.Add(word);
        return [.. lines];
    }

    /// <summary>A category's name in words: "animal abuse".</summary>
    public static string Category(string name) => name.Replace('_', ' ');

    /// <summary>Severity 0..3 in words.</summary>
    public static string Severity(int severity) => severity switch { <= 0 => "none", 1 => "minor", 2 => "moderate", _ => "severe" };
}
