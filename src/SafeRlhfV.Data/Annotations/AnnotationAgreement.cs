using System.Text.Json.Nodes;

namespace SafeRlhfV.Data;

/// <summary>How far annotators agree on the pairs that several of them saw.</summary>
public static class AnnotationAgreement
{
    private const int MostAnnotators = 12;

    private static readonly (string Name, AgreementMetric Metric, Func<AnnotationRecord, IEnumerable<(string Part, double? Label)>> Labels)[] Fields =
    [
        ("more_helpful", AgreementMetric.Nominal, record => [("", record.MoreHelpful)]),
        ("safer", AgreementMetric.Nominal, record => [("", record.Safer)]),
        ("is_safe", AgreementMetric.Nominal, record => [("1", record.Harmless1 >= 0 ? 1 : 0), ("2", record.Harmless2 >= 0 ? 1 : 0)]),
        ("harmless_rate", AgreementMetric.Ordinal, record => [("1", record.Harmless1), ("2", record.Harmless2)]),
        ("helpful_rate", AgreementMetric.Ordinal, record => [("1", record.Helpful1), ("2", record.Helpful2)]),
        ("category", AgreementMetric.Nominal, record => [("", record.Category is { } category ? Taxonomy.IndexOf(category) : null)]),
        ("image_severity", AgreementMetric.Ordinal, record => [("", record.Severity)]),
    ];

    /// <summary>
    /// For each label: Krippendorff's alpha over all annotators (nominal, or ordinal for rates), the share of equal labels among all pairs of
    /// labels of an item, and, of at most twelve annotators, Cohen's kappa of every two. The labels and rates of a pair's two answers count as two items. Null
    /// figures: nothing to compare.
    /// </summary>
    public static JsonObject Describe(IReadOnlyList<AnnotationRecord> records)
    {
        string[] annotators = [.. records.Select(record => record.Annotator).Distinct().Order(StringComparer.Ordinal)];
        JsonObject labels = [];
        foreach ((string name, AgreementMetric metric, var of) in Fields)
        {
            Dictionary<(string Item, string Part), Dictionary<string, double>> items = [];
            foreach (AnnotationRecord record in records)
                foreach ((string part, double? label) in of(record))
                {
                    if (label is null) continue;
                    if (!items.TryGetValue((record.Item, part), out Dictionary<string, double>? given)) items[(record.Item, part)] = given = [];
                    given[record.Annotator] = label.Value; // an annotator's last word counts
                }
            Dictionary<string, double>[] shared = [.. items.Values.Where(given => given.Count > 1)];
            if (items.Count == 0) continue;
            labels[name] = new JsonObject
            {
                ["items"] = items.Count,
                ["items_with_several"] = shared.Length,
                ["alpha"] = Figure(Agreement.KrippendorffAlpha(shared.Select(Labels), metric)),
                ["metric"] = metric.ToString().ToLowerInvariant(),
                ["equal"] = Figure(Agreement.Observed(shared.Select(Labels))),
                ["kappa"] = annotators.Length > MostAnnotators ? [] : Kappas(annotators, shared),
            };
        }
        return new JsonObject
        {
            ["annotators"] = new JsonObject(annotators.Select(name =>
                KeyValuePair.Create(name, (JsonNode?)records.Where(record => record.Annotator == name).Select(record => record.Item).Distinct().Count()))),
            ["items"] = records.Select(record => record.Item).Distinct().Count(),
            ["items_with_several"] = records.GroupBy(record => record.Item).Count(group => group.Select(record => record.Annotator).Distinct().Count() > 1),
            ["labels"] = labels,
        };
    }

    private static IReadOnlyList<double> Labels(Dictionary<string, double> given) => [.. given.Values];

    private static JsonArray Kappas(string[] annotators, Dictionary<string, double>[] shared)
    {
        JsonArray kappas = [];
        for (int i = 0; i < annotators.Length; i++)
            for (int j = i + 1; j < annotators.Length; j++)
            {
                Dictionary<string, double>[] both = [.. shared.Where(given => given.ContainsKey(annotators[i]) && given.ContainsKey(annotators[j]))];
                if (both.Length == 0) continue;
                kappas.Add(new JsonObject
                {
                    ["first"] = annotators[i],
                    ["second"] = annotators[j],
                    ["items"] = both.Length,
                    ["kappa"] = Figure(Agreement.CohenKappa(both.Select(given => given[annotators[i]]).ToArray(),
                        both.Select(given => given[annotators[j]]).ToArray())),
                });
            }
        return kappas;
    }

    private static JsonNode? Figure(double value) => double.IsFinite(value) ? Math.Round(value, 6) : null;
}
