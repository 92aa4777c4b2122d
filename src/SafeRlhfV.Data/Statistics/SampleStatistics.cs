using System.Text.Json.Nodes;

namespace SafeRlhfV.Data;

/// <summary>The statistics of some rows. What no value of theirs says is left out: a zero would look like a finding.</summary>
internal static class SampleStatistics
{
    private static readonly string[] LabelColumns = ["is_response_safe", "is_response_1_safe", "is_response_2_safe"];

    private static readonly string[] HarmlessColumns = ["response_1_harmless_rate", "response_2_harmless_rate"];

    private static readonly string[] HelpfulColumns = ["response_1_helpful_rate", "response_2_helpful_rate"];

    private static readonly string[] GeneratorColumns = ["response_1_from", "response_2_from"];

    public static JsonObject Of(IReadOnlyList<RowFacts> rows, bool paired)
    {
        RowFacts.AnswerFacts[] answers = [.. rows.SelectMany(row => row.Answers)];
        JsonObject section = new()
        {
            ["rows"] = rows.Count,
            ["responses"] = answers.Length,
        };
        HashSet<string> columns = [.. rows.SelectMany(row => row.Filled)];
        if (columns.Contains("image_severity"))
        {
            int lowest = rows.Any(row => row.Print.Severity == 0) ? 0 : 1;
            section["image_severity"] = Counts(rows.Select(row => (int?)row.Print.Severity), lowest, RowRules.HighestSeverity);
        }
        if (columns.Overlaps(LabelColumns)) section["label_balance"] = Labels(rows, answers, paired);
        if (paired) AddPreferences(section, columns, rows, answers);
        if (rows.Any(row => row.Print.Schema.HasMessages))
            section["conversations"] = new JsonObject
            {
                ["several_turns"] = rows.Count(row => row.Turns > 1),
                ["several_images"] = rows.Count(row => row.Print.ImageCount > 1),
                ["text_only"] = rows.Count(row => row.Print.ImageCount == 0),
                ["turns"] = Quantiles.Of(rows.Select(row => (long)row.Turns)),
                ["images"] = Quantiles.Of(rows.Select(row => (long)row.Print.ImageCount)),
            };
        section["images"] = Images(rows);
        section["text"] = new JsonObject
        {
            ["question"] = Text([.. rows.Select(row => row.Question)]),
            ["response"] = Text([.. answers.Select(answer => answer.Text)])
        };
        return section;
    }

    private static JsonObject Labels(IReadOnlyList<RowFacts> rows, RowFacts.AnswerFacts[] answers, bool paired)
    {
        int yes = answers.Count(answer => answer.IsSafe == true), no = answers.Count(answer => answer.IsSafe == false);
        JsonObject labels = new() { ["yes"] = yes, ["no"] = no, ["yes_fraction"] = yes + no == 0 ? 0 : (double)yes / (yes + no) };
        if (yes + no < answers.Length) labels["not_labelled"] = answers.Length - yes - no;
        if (!paired) return labels;
        RowFacts[] pairs = [.. rows.Where(row => row.IsPair && row.Answers.All(answer => answer.IsSafe is not null))];
        for (int i = 0; i < 2; i++)
        {
            int safe = pairs.Count(row => row.Answers[i].IsSafe == true);
            labels[$"response_{i + 1}"] = new JsonObject { ["yes"] = safe, ["no"] = pairs.Length - safe };
        }
        labels["pairs"] = new JsonObject
        {
            ["both_safe"] = pairs.Count(row => row.Answers.All(answer => answer.IsSafe == true)),
            ["mixed"] = pairs.Count(row => row.Answers[0].IsSafe != row.Answers[1].IsSafe),
            ["both_unsafe"] = pairs.Count(row => row.Answers.All(answer => answer.IsSafe == false)),
        };
        return labels;
    }

    private static void AddPreferences(JsonObject section, HashSet<string> columns, IReadOnlyList<RowFacts> rows, RowFacts.AnswerFacts[] answers)
    {
        RowFacts.AnswerFacts[] rated = [.. answers.Where(answer => answer.Harmless is not null && answer.IsSafe is not null)];
        bool harmless = columns.Overlaps(HarmlessColumns), helpful = columns.Overlaps(HelpfulColumns);
        bool better = columns.Contains("more_helpful_response_id"), safest = columns.Contains("safer_response_id");
        if (harmless) section["harmless_rate"] = Counts(answers.Select(answer => answer.Harmless), RowRules.LowestHarmless, RowRules.HighestHarmless);
        if (helpful) section["helpful_rate"] = Counts(answers.Select(answer => answer.Helpful), 0, RowRules.HighestHelpful);
        int agree = rated.Count(answer => answer.IsSafe == answer.Harmless >= 0);
        if (harmless && columns.Overlaps(LabelColumns))
            section["safe_label_vs_rate"] = new JsonObject
            {
                ["agree"] = agree,
                ["disagree"] = rated.Length - agree,
                ["zero_rates"] = answers.Count(answer => answer.Harmless == 0),
            };
        if (better) section["more_helpful_response_id"] = Counts(rows.Select(row => row.MoreHelpful), 1, 2);
        if (safest) section["safer_response_id"] = Counts(rows.Select(row => row.Safer), 1, 2);
        if (better && helpful) section["helpful_preference_vs_rates"] = Against(rows, row => row.MoreHelpful, answer => answer.Helpful);
        if (safest && harmless)
        {
            JsonObject safer = Against(rows, row => row.Safer, answer => answer.Harmless);
            safer["lower_across_safe_line"] = rows.Count(DatasetStatistics.CrossesLine);
            section["safer_preference_vs_rates"] = safer;
        }
        if (better && safest) section["more_helpful_is_safer"] = rows.Count(row => row.MoreHelpful is not null && row.MoreHelpful == row.Safer);
        if (columns.Overlaps(GeneratorColumns)) section["generators"] = Counts(answers.Select(answer => answer.From).OfType<string>());
    }

    private static JsonObject Against(IReadOnlyList<RowFacts> rows, Func<RowFacts, int?> preferred, Func<RowFacts.AnswerFacts, int?> rate)
    {
        int[] signs = [.. rows.Where(row => preferred(row) is not null && row.Answers.All(answer => rate(answer) is not null))
            .Select(row => Math.Sign(rate(row.Answers[preferred(row)!.Value - 1])!.Value - rate(row.Answers[2 - preferred(row)!.Value])!.Value))];
        return new JsonObject
        {
            ["higher"] = signs.Count(sign => sign > 0),
            ["equal"] = signs.Count(sign => sign == 0),
            ["lower"] = signs.Count(sign => sign < 0)
        };
    }

    private static JsonObject Images(IReadOnlyList<RowFacts> rows)
    {
        ImageHeader[] headers = [.. rows.SelectMany(row => row.Headers).OfType<ImageHeader>()];
        return new JsonObject
        {
            ["formats"] = Counts(headers.Select(header => header.Format)),
            ["modes"] = Counts(headers.Select(header => header.Mode)),
            ["path_null"] = rows.Sum(row => row.PathsNull),
            ["width"] = Quantiles.Of(headers.Select(header => (long)header.Width)),
            ["height"] = Quantiles.Of(headers.Select(header => (long)header.Height)),
            ["pixels"] = Quantiles.Of(headers.Select(header => (long)header.Width * header.Height)),
            ["bytes"] = Quantiles.Of(rows.SelectMany(row => row.ImageBytes.Where((_, i) => row.Headers[i] is not null)).Select(bytes => (long)bytes)),
        };
    }

    private static JsonObject Text(IReadOnlyList<RowFacts.TextSize> sizes) => new()
    {
        ["code_points"] = Quantiles.Of(sizes.Select(size => (long)size.CodePoints)),
        ["utf16_units"] = Quantiles.Of(sizes.Select(size => (long)size.Utf16)),
        ["utf8_bytes"] = Quantiles.Of(sizes.Select(size => (long)size.Utf8)),
    };

    private static JsonObject Counts(IEnumerable<int?> values, int from, int to)
    {
        ILookup<int, int> counted = values.OfType<int>().ToLookup(value => value);
        return new JsonObject(Enumerable.Range(from, to - from + 1).Select(value => KeyValuePair.Create(value.ToString(), (JsonNode?)counted[value].Count())));
    }

    private static JsonObject Counts(IEnumerable<string> values) =>
        new(values.GroupBy(value => value).OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => KeyValuePair.Create(group.Key, (JsonNode?)group.Count())));
}
