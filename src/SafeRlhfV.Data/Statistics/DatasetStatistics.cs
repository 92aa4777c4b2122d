using System.Text.Json.Nodes;

namespace SafeRlhfV.Data;

/// <summary>
/// Describes a data set in numbers: sizes, balance, rates, contradictions, images, texts, duplicates, leaks, and agreement where the folder holds what several
/// annotators said (annotations.jsonl).
/// </summary>
public static class DatasetStatistics
{
    /// <summary>Reads the data set once and returns the statistics as one JSON document (keys and definitions in docs and under "definitions").</summary>
    /// <param name="dataset">The data set; every row must keep the rules.</param>
    /// <param name="onProgress">Called with the rows read so far.</param>
    /// <param name="cancellationToken">Stops the reading.</param>
    /// <exception cref="InvalidInputException">A row breaks a rule; validate first.</exception>
    public static JsonObject Describe(PreferenceDataset dataset, Action<long>? onProgress = null, CancellationToken cancellationToken = default)
    {
        List<RowFacts> rows = [];
        foreach (RowFacts facts in RowPipeline.Map(dataset.ReadRows(), RowFacts.Of, cancellationToken))
        {
            rows.Add(facts);
            onProgress?.Invoke(rows.Count);
        }
        string[] splits = [.. rows.Select(row => row.Print.Position.Split).Distinct().OrderBy(SplitRank).ThenBy(split => split, StringComparer.Ordinal)];
        string[] categories = [.. rows.Select(CategoryOf).Distinct().Order(StringComparer.Ordinal)];
        bool paired = rows.Any(row => row.IsPair);
        JsonObject document = new()
        {
            ["definitions"] = Definitions(paired),
            ["rows"] = Rows(rows, splits, categories),
            ["duplicates"] = DuplicateSection(rows, splits),
            ["leaks"] = LeakSection(rows),
        };
        if (paired) document["safer_contradicts_rates_within_line"] = Names(rows.Where(IsSaferLower).Where(row => !CrossesLine(row)).Select(row => row.Print));
        document["overall"] = SampleStatistics.Of(rows, paired);
        document["by_split"] = Each(splits, split => SampleStatistics.Of([.. rows.Where(row => row.Print.Position.Split == split)], paired));
        if (AnnotationFile.Of(dataset.Path) is { Count: > 0 } annotations) document["agreement"] = AnnotationAgreement.Describe(annotations);
        document["by_category"] = Each(categories, category => SampleStatistics.Of([.. rows.Where(row => CategoryOf(row) == category)], paired));
        return document;
    }

    /// <summary>Whether the answer that is called safer has the lower harmless rate.</summary>
    internal static bool IsSaferLower(RowFacts row) => row.Safer is { } safer && row.Answers[safer - 1].Harmless < row.Answers[2 - safer].Harmless;

    /// <summary>Whether the answer that is called safer is unsafe and the other is safe.</summary>
    internal static bool CrossesLine(RowFacts row) => row.Safer is { } safer && row.Answers[safer - 1].Harmless < 0 && row.Answers[2 - safer].Harmless >= 0;

    private static string CategoryOf(RowFacts row) => row.Print.Category is { } category ? LabelWords.Category(category) ?? category : "none";

    private static JsonObject Definitions(bool paired)
    {
        JsonObject definitions = new()
        {
            ["row"] = "config/split/index, index from 0 in file order",
            ["quantiles"] = "linear interpolation; min = 0, max = 1; mean = arithmetic mean",
            ["code_points"] = "Unicode code points; utf16_units is what C# string.Length gives",
            ["images"] = "width and height as stored (EXIF orientation not applied); bytes = encoded length; formats by magic number; modes by Pillow's "
                + "names, for information",
            ["same pixels"] = "equal size and equal RGB pixels after decoding, alpha dropped, EXIF orientation not applied",
            ["duplicate_rows"] = "all columns equal, image by bytes and path",
            ["leaks"] = "a train image with the same pixels as an evaluation image of any category",
        };
        if (!paired) return definitions;
        definitions["responses"] = "both responses of every row, response_1 and response_2 pooled";
        definitions["safe_label_vs_rate"] = "agree: (is_response_i_safe == 'yes') == (response_i_harmless_rate >= 0)";
        definitions["preference_vs_rates"] =
            "rate of the preferred response against the other's: higher, equal, lower; lower_across_safe_line: preferred < 0 <= other";
        return definitions;
    }

    private static JsonObject Rows(List<RowFacts> rows, string[] splits, string[] categories) => new()
    {
        ["total"] = rows.Count,
        ["by_split"] = Each(splits, split => rows.Count(row => row.Print.Position.Split == split)),
        ["by_category"] = Each(categories,
            category => Each(splits, split => rows.Count(row => CategoryOf(row) == category && row.Print.Position.Split == split))),
        ["by_domain"] = Each(Taxonomy.Placements.Select(placement => placement.Domain).Distinct(),
            domain => rows.Count(row => Taxonomy.Placements.Any(placement => placement.Category == row.Print.Category && placement.Domain == domain))),
    };

    private static JsonObject DuplicateSection(List<RowFacts> rows, string[] splits)
    {
        Duplicates duplicates = new([.. rows.Select(row => row.Print)]);
        JsonObject section = new()
        {
            ["duplicate_rows"] = Groups(duplicates.EqualRows),
            ["same_image_and_question"] = Groups(duplicates.EqualImageAndQuestion)
        };
        foreach (string split in splits) section[$"same_image_in_{split}"] = Groups(duplicates.EqualPixels(split));
        section["distinct_images"] = rows.SelectMany(row => row.Print.Images).Select(image => image.Pixels).Distinct().Count();
        section["distinct_questions"] = rows.Select(row => row.Print.Question).Distinct().Count();
        section["identical_response_pairs"] = rows.Count(row => row.SameAnswers);
        return section;
    }

    private static JsonObject LeakSection(List<RowFacts> rows)
    {
        IReadOnlyList<(RowPrint Train, RowPrint Held)> leaks = new Duplicates([.. rows.Select(row => row.Print)]).ExactLeaks();
        return new JsonObject
        {
            ["pairs"] = new JsonArray([.. leaks.OrderBy(leak => Key(leak.Train)).ThenBy(leak => Key(leak.Held)).Select(leak => new JsonObject
            {
                ["train"] = leak.Train.Position.ToString(),
                ["evaluation"] = leak.Held.Position.ToString(),
                ["identical_bytes"] = leak.Train.ImageBytes == leak.Held.ImageBytes,
            })]),
            ["train_rows"] = leaks.Select(leak => leak.Train).Distinct().Count(),
            ["evaluation_rows"] = leaks.Select(leak => leak.Held).Distinct().Count(),
        };
    }

    private static JsonObject Groups(IReadOnlyList<IReadOnlyList<RowPrint>> groups) => new()
    {
        ["groups"] = new JsonArray([.. groups.Select(group => group.OrderBy(Key).ToArray()).OrderBy(group => Key(group[0])).Select(Names)]),
        ["rows_beyond_first"] = groups.Sum(group => group.Count - 1),
    };

    private static JsonArray Names(IEnumerable<RowPrint> rows) => [.. rows.OrderBy(Key).Select(row => (JsonNode)row.Position.ToString())];

    private static (string, string, long) Key(RowPrint row) => (row.Position.Config, row.Position.Split, row.Position.Index);

    private static JsonObject Each<T>(IEnumerable<T> keys, Func<T, JsonNode> value) =>
        new(keys.Select(key => KeyValuePair.Create(key!.ToString()!, (JsonNode?)value(key))));

    private static int SplitRank(string split) => split switch { "train" => 0, "evaluation" => 1, "validation" => 2, _ => 3 };
}
