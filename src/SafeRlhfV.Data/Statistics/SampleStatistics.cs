using System.Text.Json.Nodes;

namespace SafeRlhfV.Data;

/// <summary>The statistics of some rows.</summary>
internal static class SampleStatistics
{
    public static JsonObject Of(IReadOnlyList<RowFacts> rows, bool paired)
    {
        RowFacts.AnswerFacts[] answers = [.. rows.SelectMany(row => row.Answers)];
        JsonObject section = new()
        {
            ["rows"] = rows.Count,
            ["responses"] = answers.Length,
            ["image_severity"] = Counts(rows.Select(row => (int)row.Print.Severity!.Value), rows.Any(row => row.Print.Severity == 0) ? 0 : 1, RowRules.HighestSeverity),
            ["label_balance"] = Labels(rows, answers, paired),
        };
        if (paired) AddPreferences(section, rows, answers);
        section["images"] = Images([.. rows.Where(row => row.HasImage)]);
        section["text"] = new JsonObject { ["question"] = Text([.. rows.Select(row => row.Question)]), ["response"] = Text([.. answers.Select(answer => answer.Text)]) };
        return section;
    }

    private static JsonObject Labels(IReadOnlyList<RowFacts> rows, RowFacts.AnswerFacts[] answers, bool paired)
    {
        int yes = answers.Count(answer => answer.IsSafe);
        JsonObject labels = new() { ["yes"] = yes, ["no"] = answers.Length - yes, ["yes_fraction"] = answers.Length == 0 ? 0 : (double)yes / answers.Length };
        if (!paired) return labels;
        for (int i = 0; i < 2; i++)
        {
            int safe = rows.Count(row => row.Answers[i].IsSafe);
            labels[$"response_{i + 1}"] = new JsonObject { ["yes"] = safe, ["no"] = rows.Count - safe };
        }
        labels["pairs"] = new JsonObject
        {
            ["both_safe"] = rows.Count(row => row.Answers.All(answer => answer.IsSafe)),
            ["mixed"] = rows.Count(row => row.Answers[0].IsSafe != row.Answers[1].IsSafe),
            ["both_unsafe"] = rows.Count(row => !row.Answers.Any(answer => answer.IsSafe)),
        };
        return labels;
    }

    private static void AddPreferences(JsonObject section, IReadOnlyList<RowFacts> rows, RowFacts.AnswerFacts[] answers)
    {
        section["harmless_rate"] = Counts(answers.Select(answer => answer.Harmless), RowRules.LowestHarmless, RowRules.HighestHarmless);
        section["helpful_rate"] = Counts(answers.Select(answer => answer.Helpful), 0, RowRules.HighestHelpful);
        int agree = answers.Count(answer => answer.IsSafe == answer.Harmless >= 0);
        section["safe_label_vs_rate"] = new JsonObject { ["agree"] = agree, ["disagree"] = answers.Length - agree, ["zero_rates"] = answers.Count(answer => answer.Harmless == 0) };
        section["more_helpful_response_id"] = Counts(rows.Select(row => row.MoreHelpful), 1, 2);
        section["safer_response_id"] = Counts(rows.Select(row => row.Safer), 1, 2);
        section["helpful_preference_vs_rates"] = Against(rows, row => row.MoreHelpful, answer => answer.Helpful);
        JsonObject safer = Against(rows, row => row.Safer, answer => answer.Harmless);
        safer["lower_across_safe_line"] = rows.Count(DatasetStatistics.CrossesLine);
        section["safer_preference_vs_rates"] = safer;
        section["more_helpful_is_safer"] = rows.Count(row => row.MoreHelpful == row.Safer);
        section["generators"] = Counts(answers.Select(answer => answer.From!));
    }

    private static JsonObject Against(IReadOnlyList<RowFacts> rows, Func<RowFacts, int> preferred, Func<RowFacts.AnswerFacts, int> rate)
    {
        int[] signs = [.. rows.Select(row => Math.Sign(rate(row.Answers[preferred(row) - 1]) - rate(row.Answers[2 - preferred(row)])))];
        return new JsonObject { ["higher"] = signs.Count(sign => sign > 0), ["equal"] = signs.Count(sign => sign == 0), ["lower"] = signs.Count(sign => sign < 0) };
    }

    private static JsonObject Images(IReadOnlyList<RowFacts> rows)
    {
        ImageHeader[] headers = [.. rows.Select(row => row.Header).OfType<ImageHeader>()];
        return new JsonObject
        {
            ["formats"] = Counts(headers.Select(header => header.Format)),
            ["modes"] = Counts(headers.Select(header => header.Mode)),
            ["path_null"] = rows.Count(row => row.PathIsNull),
            ["width"] = Quantiles.Of(headers.Select(header => (long)header.Width)),
            ["height"] = Quantiles.Of(headers.Select(header => (long)header.Height)),
            ["pixels"] = Quantiles.Of(headers.Select(header => (long)header.Width * header.Height)),
            ["bytes"] = Quantiles.Of(rows.Where(row => row.Header is not null).Select(row => (long)row.ImageBytes)),
        };
    }

    private static JsonObject Text(IReadOnlyList<RowFacts.TextSize> sizes) => new()
    {
        ["code_points"] = Quantiles.Of(sizes.Select(size => (long)size.CodePoints)),
        ["utf16_units"] = Quantiles.Of(sizes.Select(size => (long)size.Utf16)),
        ["utf8_bytes"] = Quantiles.Of(sizes.Select(size => (long)size.Utf8)),
    };

    private static JsonObject Counts(IEnumerable<int> values, int from, int to)
    {
        ILookup<int, int> counted = values.ToLookup(value => value);
        return new JsonObject(Enumerable.Range(from, to - from + 1).Select(value => KeyValuePair.Create(value.ToString(), (JsonNode?)counted[value].Count())));
    }

    private static JsonObject Counts(IEnumerable<string> values) =>
        new(values.GroupBy(value => value).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => KeyValuePair.Create(group.Key, (JsonNode?)group.Count())));
}
