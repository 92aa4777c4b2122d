using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>HoliSafe (arXiv 2506.04704): all combinations of safe and unsafe image and text; the third letter is that of both together.</summary>
internal sealed class HoliSafe : IBenchmark
{
    private static readonly string[] Unsafe = ["SSU", "USU", "UUU", "SUU"];

    public string Name => "holisafe";

    public string Measures => "all combinations of safe and unsafe image and text";

    public string Files => "holisafe_bench.json (image, query, type, category, subcategory) and images/, or the hub's Parquet";

    public string Figures => "refusal_rate on SSS, attack_success by type, attack_success_mean of the four unsafe types";

    public IReadOnlyList<string> Scorers => ["phrases:refusal", "judge:safety", "guard", "guard-prompts"];

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        foreach (BenchmarkRow row in files.Rows(files.FindTable("holisafe_bench.json", "holisafe*.json*", "*.parquet", "data/*.parquet")))
        {
            string question = row.Need("query"), type = row.Need("type"), id = row.Text("id") ?? $"{row.Index}";
            if (type != "SSS" && !Unsafe.Contains(type))
                throw row.Fault($"has the type {Finding.Quote(type)}, which is none of SSS, {string.Join(", ", Unsafe)}");
            if (files.Try(row, null, () => files.Item(row, "test", id, question, row.Image("image", "images"))) is not { } made) continue;
            yield return (made with
            {
                Record = made.Record with { Labels = new RecordLabels { Id = id, Category = row.Text("category"), Category2 = row.Text("subcategory") } },
                IsHarmful = type != "SSS",
            }).With(("group", type), ("category", row.Text("category")));
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => form == ReplyForm.Refusal
        ? [.. FigureSets.Refusal(items, "group", Unsafe), FigureSets.AttackMean(items, "group", Unsafe, reading => reading != "refused")]
        : [.. FigureSets.Attack(items, "attack_success", "group"), FigureSets.AttackMean(items, "group", Unsafe, reading => reading == "unsafe")];
}
