using System.Text.Json.Nodes;
using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>The statistics of a data set as a page with charts. One file, opens offline, needs no script.</summary>
public static class StatisticsPage
{
    private static readonly (string Key, string Name)[] Counted =
    [
        ("image_severity", "Image severity"), ("harmless_rate", "Harmless rate"), ("helpful_rate", "Helpful rate"),
        ("more_helpful_response_id", "More helpful response"), ("safer_response_id", "Safer response"),
        ("helpful_preference_vs_rates", "Helpful preference against the rates"), ("safer_preference_vs_rates", "Safer preference against the rates"),
        ("generators", "Responses by generator"),
    ];

    /// <summary>Writes the page for a document made by <see cref="DatasetStatistics.Describe"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="title">What is described.</param>
    /// <param name="statistics">The document.</param>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    public static void Write(string path, string title, JsonObject statistics) => Page(title, statistics).Write(path);

    internal static HtmlPage Page(string title, JsonObject statistics)
    {
        JsonObject overall = statistics["overall"]!.AsObject(), rows = statistics["rows"]!.AsObject();
        return HtmlPage.Of(
            title,
            HtmlPage.Header(title, $"{rows["total"]} rows, {overall["responses"]} responses, {statistics["duplicates"]!["distinct_images"]} distinct images."),
            [
                new("warnings", "Warnings", "What to mend first", "", Warnings(statistics)),
                new("counts", "Counts", "How the rows are spread", "", Markup.Of($"<div class=\"grid two\">{Counts(overall, rows)}</div>")),
                new("sizes", "Sizes", "Sizes", "", Quantiles(overall)),
                new(
                    "agreement", "Agreement", "Agreement of annotators", "",
                    statistics["agreement"] is JsonObject agreement ? Agreement(agreement) : Markup.Empty),
            ],
            Markup.Of($"<p>Made by safe-rlhf-v data stats.</p>"));
    }

    private static Markup Warnings(JsonObject statistics)
    {
        double leaks = Number(statistics["leaks"]!["train_rows"]), repeated = Number(statistics["duplicates"]!["duplicate_rows"]!["rows_beyond_first"]);
        Markup leak = leaks == 0 ? Markup.Empty
            : Warning($"Train rows that show an image of the evaluation split: {leaks}; leave them out of training (data dedupe).");
        Markup repeat = repeated == 0 ? Markup.Empty : Warning($"Rows that repeat another one in every column: {repeated}.");
        return Markup.Of($"{leak}{repeat}");

        static Markup Warning(string text) => Markup.Of($"<p class=\"warning\">{text}</p>");
    }

    private static IEnumerable<Markup> Counts(JsonObject overall, JsonObject rows)
    {
        yield return BarTable.Render(
            "Rows by category and split",
            [.. rows["by_category"]!.AsObject().SelectMany(pair => pair.Value!.AsObject().Select(split => (pair.Key, split.Key, Number(split.Value))))]);
        yield return Bars("Rows by domain", rows["by_domain"]);
        if (overall["label_balance"] is JsonObject balance)
            yield return BarTable.Render("Safe and unsafe responses", [("safe", "", Number(balance["yes"])), ("unsafe", "", Number(balance["no"]))]);
        foreach ((string key, string name) in Counted)
            if (overall[key] is JsonObject counts) yield return Bars(name, counts, key.EndsWith("_vs_rates", StringComparison.Ordinal));
        yield return Bars("Image formats", overall["images"]!["formats"]);
    }

    private static Markup Bars(string title, JsonNode? counts, bool words = false) =>
        BarTable.Render(title, [.. counts!.AsObject().Select(pair => (words ? pair.Key.Replace('_', ' ') : pair.Key, "", Number(pair.Value)))]);

    private static Markup Quantiles(JsonObject overall)
    {
        string[] points = ["min", "p05", "p25", "p50", "p75", "p95", "max", "mean"];
        (string Name, JsonNode? Values)[] rows =
        [
            ("question, code points", overall["text"]!["question"]!["code_points"]), ("response, code points", overall["text"]!["response"]!["code_points"]),
            ("image width", overall["images"]!["width"]), ("image height", overall["images"]!["height"]), ("image bytes", overall["images"]!["bytes"]),
        ];
        return PageTable.Render(
            "Sizes", ["", .. points], rows.Select(row => (Markup[])[Markup.Of($"{row.Name}"), .. points.Select(point => Cell(row.Values?[point]))]));

        static Markup Cell(JsonNode? value) => Markup.Of($"{(value is null ? Words.Unknown : Number(value).ToString("0.#"))}");
    }

    private static Markup Agreement(JsonObject agreement)
    {
        int annotators = agreement["annotators"]!.AsObject().Count;
        string lead = $"Agreement of {annotators} annotators on {Words.Count((int)agreement["items_with_several"]!, "pair")} that several of them saw.";
        Markup table = PageTable.Render(
            "Agreement", ["Label", "Equal", "Krippendorff's alpha", "Cohen's kappa"],
            agreement["labels"]!.AsObject().Select(label => Row(label.Key, label.Value!)));
        return Markup.Of($"<p class=\"lead\">{lead}</p>{table}");

        static Markup[] Row(string name, JsonNode figures) =>
        [
            Markup.Of($"{name}"), Markup.Of($"{Figure(figures["equal"])}"), Markup.Of($"{Figure(figures["alpha"])} ({(string?)figures["metric"]})"),
            Markup.Join(figures["kappa"]!.AsArray().Select(pair => Pair(pair!))),
        ];

        static Markup Pair(JsonNode pair) => Markup.Of($"{(string?)pair["first"]} / {(string?)pair["second"]}: {Figure(pair["kappa"])}<br>");

        static string Figure(JsonNode? value) => value is null ? Words.Unknown : Number(value).ToString("0.000");
    }

    private static double Number(JsonNode? value) => value is null ? 0 : double.Parse(value.ToJsonString());
}
