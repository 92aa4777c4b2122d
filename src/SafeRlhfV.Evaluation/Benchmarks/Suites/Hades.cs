using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>HADES (arXiv 2403.09792): harmful instructions with images made more harmful in steps; the last step, 5, counts.</summary>
internal sealed class Hades : IBenchmark
{
    private const string LastStep = "5";

    public string Name => "hades";

    public string Measures => "harmful instructions with images made ever more harmful";

    public string Files => "Parquet, JSON or JSONL of id, image, scenario, keywords, step, category, instruction; step 5 is read";

    public string Figures => "attack_success by scenario and category";

    public IReadOnlyList<string> Scorers => ["guard", "judge:safety", "phrases:refusal"];

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        string[] tables = [.. ((string[])["data/*.parquet", "*.parquet", "hades*.json*", "*.jsonl"]).Select(files.FindAll)
            .FirstOrDefault(found => found.Count > 0) ?? [files.Find("data/*.parquet", "*.jsonl")]];
        foreach (BenchmarkRow row in tables.SelectMany(files.Rows))
        {
            string id = row.Need("id"), question = row.Need("instruction"), scenario = row.Need("scenario"), step = row.Need("step");
            if (step != LastStep) continue;
            if (files.Try(row, null, () => files.Item(row, "test", id, question, row.Image("image", "images"))) is not { } made) continue;
            yield return (made with { Record = made.Record with { Labels = new RecordLabels { Id = id, Category = scenario } }, IsHarmful = true })
                .With(("scenario", scenario), ("category", row.Text("category")));
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => form == ReplyForm.Refusal
        ? FigureSets.Refusal(items, "scenario") : FigureSets.Attack(items, "attack_success", "scenario", "category");
}
