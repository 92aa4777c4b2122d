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
            ["image_severity"] = Counts(rows.Select(row => (int?)row.Print.Severity), rows.Any(row => row.Print.Severity == 0) ? 0 : 1, RowRules.HighestSeverity),
            ["label_balance"] = Labels(rows, answers, paired),
        };
        if (paired) AddPreferences(section, rows, answers);
        if (rows.Any(row => row.Print.Schema.HasMessages))
            section["conversations"] = new JsonObject
            {
                ["several_turns"] = rows.Count(row => row.Turns > 1),
                ["several_images"] = rows.Count(row => row.Print.PictureCount > 1),
                ["text_only"] = rows.Count(row => row.Print.PictureCount == 0),
                ["turns"] = Quantiles.Of(rows.Select(row => (long)row.Turns)),
                ["images"] = Quantiles.Of(rows.Select(row => (long)row.Print.PictureCount)),
            };
        section["images"] = Images(rows);
        section["text"] = new JsonObject { ["question"] = Text([.. rows.Select(row => row.Question)]), ["response"] = Text([.. answers.Select(answer => answer.Text)]) };
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

    private static void AddPreferences(JsonObject section, IReadOnlyList<RowFacts> rows, RowFacts.AnswerFacts[] answers)
    {
        RowFacts.AnswerFacts[] rated = [.. answers.Where(answer => answer.Harmless is not null && answer.IsSafe is not null)];
        section["harmless_rate"] = Counts(answers.Select(answer => answer.Harmless), RowRules.LowestHarmless, RowRules.HighestHarmless);
        section["helpful_rate"] = Counts(answers.Select(answer => answer.Helpful), 0, RowRules.HighestHelpful);
        int agree = rated.Count(answer => answer.IsSafe == answer.Harmless >= 0);
        section["safe_label_vs_rate"] = new JsonObject { ["agree"] = agree, ["disagree"] = rated.Length - agree, ["zero_rates"] = answers.Count(answer => answer.Harmless == 0) };
        section["more_helpful_response_id"] = Counts(rows.Select(row => row.MoreHelpful), 1, 2);
        section["safer_response_id"] = Counts(rows.Select(row => row.Safer), 1, 2);
        section["helpful_preference_vs_rates"] = Against(rows, row => row.MoreHelpful, answer => answer.Helpful);
        JsonObject safer = Against(rows, row => row.Safer, answer => answer.Harmless);
        safer["lower_across_safe_line"] = rows.Count(DatasetStatistics.CrossesLine);
        section["safer_preference_vs_rates"] = safer;
        section["more_helpful_is_safer"] = rows.Count(row => row.MoreHelpful is not null && row.MoreHelpful == row.Safer);
        section["generators"] = Counts(answers.Select(answer => answer.From).OfType<string>());
    }

    private static JsonObject Against(IReadOnlyList<RowFacts> rows, Func<RowFacts, int?> preferred, Func<RowFacts.AnswerFacts, int?> rate)
    {
        int[] signs = [.. rows.Where(row => preferred(row) is not null && row.Answers.All(answer => rate(answer) is not null))
            .Select(row => Math.Sign(rate(row.Answers[preferred(row)!.Value - 1])!.Value - rate(row.Answers[2 - preferred(row)!.Value])!.Value))];
        return new JsonObject { ["higher"] = signs.Count(sign => sign > 0), ["equal"] = signs.Count(sign => sign == 0), ["lower"] = signs.Count(sign => sign < 0) };
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
        new(values.GroupBy(value => value).OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => KeyValuePair.Create(group.Key, (JsonNode?)group.Count())));
}
