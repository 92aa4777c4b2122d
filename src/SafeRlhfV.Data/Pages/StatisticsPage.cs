using System.Text;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Data;

/// <summary>The statistics of a data set as a page with charts. One file, opens offline, needs no script.</summary>
public static class StatisticsPage
{
    /// <summary>The page for a document made by <see cref="DatasetStatistics.Describe"/>.</summary>
    public static string Write(string title, JsonObject statistics)
    {
        JsonObject overall = statistics["overall"]!.AsObject(), rows = statistics["rows"]!.AsObject();
        StringBuilder body = new($"<h1>{PageFrame.Encode(title)}</h1><p class=\"faint\">{rows["total"]} rows, {overall["responses"]} answers, {statistics["duplicates"]!["distinct_images"]} distinct pictures.</p>");
        body.Append(Warnings(statistics)).Append("<div class=\"charts\">");
        body.Append(Bars("Rows by category and split", rows["by_category"]!.AsObject().Select(pair => (pair.Key, pair.Value!.AsObject().Select(split => (split.Key, Number(split.Value))).ToArray()))));
        body.Append(Bars("Rows by domain", Single(rows["by_domain"])));
        body.Append(Bars("Safe and unsafe answers", [("safe", [("", Number(overall["label_balance"]!["yes"]))]), ("unsafe", [("", Number(overall["label_balance"]!["no"]))])]));
        foreach ((string key, string name) in ((string, string)[])[("image_severity", "Image severity"), ("harmless_rate", "Harmless rate"), ("helpful_rate", "Helpful rate"),
            ("more_helpful_response_id", "More helpful answer"), ("safer_response_id", "Safer answer"), ("helpful_preference_vs_rates", "Helpful preference against the rates"),
            ("safer_preference_vs_rates", "Safer preference against the rates"), ("generators", "Answers by generator")])
            if (overall[key] is JsonObject counts) body.Append(Bars(name, key.EndsWith("_vs_rates", StringComparison.Ordinal) ? Single(counts).Select(bar => (bar.Item1.Replace('_', ' '), bar.Item2)) : Single(counts)));
        body.Append(Bars("Picture formats", Single(overall["images"]!["formats"])));
        body.Append("</div>").Append(QuantileTable(overall));
        if (statistics["agreement"] is JsonObject agreement) body.Append(AgreementTable(agreement));
        return PageFrame.Wrap(title, body.ToString(), Style);
    }

    private static string Warnings(JsonObject statistics)
    {
        double leaks = Number(statistics["leaks"]!["train_rows"]), repeated = Number(statistics["duplicates"]!["duplicate_rows"]!["rows_beyond_first"]);
        StringBuilder text = new();
        if (leaks > 0) text.Append($"<p class=\"harm\">train rows that show a picture of the evaluation split: {leaks}; leave them out of training (data dedupe).</p>");
        if (repeated > 0) text.Append($"<p class=\"harm\">rows that repeat another one in every column: {repeated}.</p>");
        return text.ToString();
    }

    /// <summary>Horizontal bars, several a name where there are several series.</summary>
    private static string Bars(string title, IEnumerable<(string Name, (string Series, double Value)[] Bars)> data)
    {
        const int Row = 16, Gap = 8, Left = 300, Width = 660, Right = 70;
        var groups = data.ToArray();
        double most = Math.Max(1, groups.SelectMany(group => group.Bars).Select(bar => bar.Value).DefaultIfEmpty().Max());
        StringBuilder svg = new();
        int y = 0;
        foreach ((string name, (string Series, double Value)[] bars) in groups)
        {
            svg.Append($"<text x=\"{Left - 8}\" y=\"{y + bars.Length * Row / 2 + 4}\" text-anchor=\"end\">{PageFrame.Encode(name)}</text>");
            for (int i = 0; i < bars.Length; i++, y += Row)
            {
                double length = bars[i].Value / most * (Width - Left - Right);
                svg.Append($"<rect x=\"{Left}\" y=\"{y + 1}\" width=\"{length:0.#}\" height=\"{Row - 3}\" class=\"s{i % 3}\"/><text x=\"{Left + length + 5:0.#}\" y=\"{y + 12}\" class=\"value\">{bars[i].Value:0}{(bars[i].Series.Length > 0 ? " " + PageFrame.Encode(bars[i].Series) : "")}</text>");
            }
            y += Gap;
        }
        return $"<section><h2>{PageFrame.Encode(title)}</h2><svg viewBox=\"0 0 {Width} {Math.Max(1, y)}\" role=\"img\" aria-label=\"{PageFrame.Encode(title)}\">{svg}</svg></section>";
    }

    private static IEnumerable<(string, (string, double)[])> Single(JsonNode? counts) => counts!.AsObject().Select(pair => (pair.Key, ((string, double)[])[("", Number(pair.Value))]));

    private static string QuantileTable(JsonObject overall)
    {
        string[] points = ["min", "p05", "p25", "p50", "p75", "p95", "max", "mean"];
        StringBuilder table = new($"<h2>Sizes</h2><table><tr><th></th>{string.Concat(points.Select(point => $"<th>{point}</th>"))}</tr>");
        void Add(string name, JsonNode? quantiles) => table.Append($"<tr><td>{name}</td>{string.Concat(points.Select(point => $"<td>{(quantiles?[point] is { } value ? Number(value).ToString("0.#") : "–")}</td>"))}</tr>");
        Add("question, code points", overall["text"]!["question"]!["code_points"]);
        Add("answer, code points", overall["text"]!["response"]!["code_points"]);
        Add("picture width", overall["images"]!["width"]);
        Add("picture height", overall["images"]!["height"]);
        Add("picture bytes", overall["images"]!["bytes"]);
        return table.Append("</table>").ToString();
    }

    private static string AgreementTable(JsonObject agreement)
    {
        string Figure(JsonNode? value) => value is null ? "–" : Number(value).ToString("0.000");
        StringBuilder table = new($"<h2>Agreement of {agreement["annotators"]!.AsObject().Count} annotators</h2><p class=\"faint\">On {agreement["items_with_several"]} pairs that several of them saw.</p><table><tr><th></th><th>equal</th><th>Krippendorff's alpha</th><th>Cohen's kappa</th></tr>");
        foreach ((string name, JsonNode? figures) in agreement["labels"]!.AsObject())
            table.Append($"<tr><td>{name}</td><td>{Figure(figures!["equal"])}</td><td>{Figure(figures["alpha"])} ({figures["metric"]})</td><td>{string.Join("<br>", figures["kappa"]!.AsArray().Select(pair => $"{PageFrame.Encode($"{pair!["first"]} / {pair["second"]}")}: {Figure(pair["kappa"])}"))}</td></tr>");
        return table.Append("</table>").ToString();
    }

    private static double Number(JsonNode? value) => value is null ? 0 : double.Parse(value.ToJsonString());

    private const string Style = """
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(30rem, 1fr)); gap: 0 2rem; } @media (max-width: 40rem) { .charts { grid-template-columns: 1fr; } }
        svg { width: 100%; height: auto; font-size: 12px; } text { fill: var(--ink); } .value { fill: var(--faint); } rect { fill: var(--bar); } .s1 { fill: var(--safe); } .s2 { fill: var(--harm); }
        """;
}
