using System.Globalization;

namespace SafeRlhfV.Guard.Ocr;

/// <summary>A word that Tesseract has read.</summary>
/// <param name="Page">The page, from 1.</param>
/// <param name="Line">The line on it: the numbers of block, paragraph and line.</param>
/// <param name="Confidence">How sure it is, 0..100.</param>
/// <param name="Text">The word.</param>
internal sealed record OcrWord(int Page, string Line, double Confidence, string Text)
{
    private const string Head = "level\tpage_num";

    /// <summary>Reads Tesseract's table (<c>tsv</c>).</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static IReadOnlyList<OcrWord> Read(string table)
    {
        if (!table.StartsWith(Head, StringComparison.Ordinal)) throw new FormatException("Tesseract gave no table of words.");
        List<OcrWord> words = [];
        foreach (string line in table.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = line.TrimEnd('\r').Split('\t');
            if (parts.Length < 12 || parts[0] != "5" || string.IsNullOrWhiteSpace(parts[11])) continue;
            words.Add(new(int.Parse(parts[1], CultureInfo.InvariantCulture), $"{parts[2]}.{parts[3]}.{parts[4]}",
                double.Parse(parts[10], CultureInfo.InvariantCulture), parts[11]));
        }
        return words;
    }
}
