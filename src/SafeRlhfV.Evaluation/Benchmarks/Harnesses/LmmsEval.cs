using System.Globalization;
using System.Text.RegularExpressions;

namespace SafeRlhfV.Evaluation;

/// <summary>How lmms-eval 0.7.3 reads answers and replies.</summary>
internal static partial class LmmsEval
{
    private const string By = "lmms-eval 0.7.3";

    public static IReadOnlyList<HarnessFigure> Of(string benchmark, ReplyForm form, IReadOnlyList<RawItem> items) => (benchmark, form) switch
    {
        ("pope", ReplyForm.YesNo) => [.. Pope(items)],
        ("mme", ReplyForm.YesNo) => [.. HarnessFigures.Read(items, item => FourLetters(item.Text()), FigureSets.Mme)
            .Where(figure => figure.Name is "score" or "sum")
            .Select(figure => new HarnessFigure(By, figure.Name, figure.By, figure.Value, figure.Name == "sum" ? "sum" : "0..200"))],
        ("scienceqa", ReplyForm.Option) => [new(By, "accuracy", [], items.Average(item => IsWholeLetter(item) ? 1.0 : 0), "fraction")],
        ("mmmu", ReplyForm.Option) => [.. Mmmu(items)],
        ("mm-vet", ReplyForm.Score) => [new($"{By} aggregation over ms-vlmeval 0.0.20's readings", "score", [],
            100 * items.Average(item => VlmEvalKit.NumberOrZero(item.Text())), "percent")],
        ("llava-bench", ReplyForm.TwoScores) => [.. HarnessFigures.Parts(items, "category").Select(part =>
            new HarnessFigure(By, "relative", part.By, OneDecimal(Relative(part.Items)), "percent, 1 decimal"))],
        _ => [],
    };

    // the whole answer must be the word; what is neither leaves recall, and the ratio of yes is that of the labels
    private static IEnumerable<HarnessFigure> Pope(IReadOnlyList<RawItem> items)
    {
        foreach ((IReadOnlyList<(string, string)> by, RawItem[] part) in HarnessFigures.Parts(items, "split"))
        {
            (string Said, string Truth)[] all = [.. part.Select(item => (item.Text().ToLowerInvariant().Trim(), item["truth"]))];
            double hits = all.Count(one => one is ("yes", "yes")), called = all.Count(one => one.Said == "yes");
            double missed = all.Count(one => one is ("no", "yes"));
            double precision = called == 0 ? 0 : hits / called, recall = hits + missed == 0 ? 0 : hits / (hits + missed);
            IReadOnlyList<(string, string)> place = by.Count == 0 ? [("split", "all")] : by;
            yield return new(By, "accuracy", place, all.Count(one => one.Said == one.Truth) / (double)all.Length, "fraction");
            yield return new(By, "precision", place, precision, "fraction");
            yield return new(By, "recall", place, recall, "fraction");
            yield return new(By, "f1", place, precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall), "fraction");
            yield return new(By, "yes_ratio", place, all.Count(one => one.Truth == "yes") / (double)all.Length, "fraction");
        }
    }

    /// <summary>Looks at the first four letters, so that "Nothing" is no.</summary>
    private static string? FourLetters(string answer)
    {
        string text = answer.ToLowerInvariant().Trim().Replace(".", "", StringComparison.Ordinal);
        if (text is "y" or "n") return text == "y" ? "yes" : "no";
        string begin = text[..Math.Min(4, text.Length)];
        return begin.Contains("yes", StringComparison.Ordinal) ? "yes" : begin.Contains("no", StringComparison.Ordinal) ? "no" : null;
    }

    private static bool IsWholeLetter(RawItem item)
    {
        string answer = item.Text().Trim();
        return answer.Equals(item["truth"], StringComparison.OrdinalIgnoreCase)
            || answer is [>= 'A' and <= 'Z', '.', ..] && answer[..1] == item["truth"];
    }

    private static IEnumerable<HarnessFigure> Mmmu(IReadOnlyList<RawItem> items)
    {
        RawItem[] closed = [.. items.Where(item => item["question_type"] != "open")];
        foreach ((IReadOnlyList<(string, string)> by, RawItem[] part) in HarnessFigures.Parts(closed, "category"))
        {
            (string? Letter, RawItem Item)[] read = [.. part.Select(item => (LastLetter(item.Text(), item.Options!), item))];
            double right = read.Count(one => one.Letter == one.Item["truth"]);
            double drawn = read.Where(one => one.Letter is null).Sum(one => 1.0 / one.Item.Options!.Count);
            yield return new($"{By}, every random pick wrong", "accuracy", by, right / read.Length, "fraction");
            yield return new($"{By}, expected value of its random picks", "accuracy", by, (right + drawn) / read.Length, "fraction");
            yield return new($"{By}, random picks", "accuracy", by, read.Count(one => one.Letter is null), "count");
        }
    }

    /// <summary>The last of the letters found by position; null where it draws one at random.</summary>
    private static string? LastLetter(string answer, IReadOnlyList<string> options)
    {
        foreach (char mark in ",.!?;:'") answer = answer.Trim(mark);
        string text = $" {answer} ";
        string[] letters = [.. options.Select((_, i) => $"{(char)('A' + i)}")];
        foreach ((string form, string place) in ((string, string)[])[("({0})", "({0})"), ("{0} ", " {0} "), ("{0}.", " {0} ")])
        {
            string[] found = [.. letters.Where(letter => text.Contains(string.Format(CultureInfo.InvariantCulture, form, letter), StringComparison.Ordinal))];
            if (found.Length == 0) continue;
            return Last(found, letter => text.LastIndexOf(string.Format(CultureInfo.InvariantCulture, place, letter), StringComparison.Ordinal));
        }
        if (text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length <= 5) return null;
        string lower = text.ToLowerInvariant();
        string[] named = [.. letters.Where(letter => lower.Contains(options[letter[0] - 'A'].ToLowerInvariant(), StringComparison.Ordinal))];
        return named.Length == 0 ? null : Last(named, letter => lower.LastIndexOf(options[letter[0] - 'A'].ToLowerInvariant(), StringComparison.Ordinal));
    }

    private static string Last(string[] letters, Func<string, int> place) => letters.MaxBy(place)!;

    /// <summary>Means with failed replies left in as (-1, -1).</summary>
    private static double Relative(RawItem[] items)
    {
        (double Reference, double Model)[] pairs = [.. items.Select(item =>
        {
            double[] numbers = [.. NumberIn().Matches(item.Text().Trim().Split('\n')[0])
                .Select(match => double.Parse(match.Value, CultureInfo.InvariantCulture))];
            return numbers.Length >= 2 ? (numbers[0], numbers[1]) : (-1, -1);
        })];
        return 100 * pairs.Average(pair => pair.Model) / pairs.Average(pair => pair.Reference);
    }

    private static double OneDecimal(double value) => (double)Math.Round((decimal)value, 1, MidpointRounding.ToEven);

    [GeneratedRegex(@"\d+(?:\.\d+)?")]
    private static partial Regex NumberIn();
}
