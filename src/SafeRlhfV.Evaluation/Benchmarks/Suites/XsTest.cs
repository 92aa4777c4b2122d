using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>XSTest (arXiv 2308.01263), text alone: safe prompts that look unsafe, and unsafe contrasts.</summary>
internal sealed class XsTest : IBenchmark
{
    public string Name => "xstest";

    public string Measures => "over-refusal of safe texts that look unsafe, and their unsafe contrasts";

    public string Files =>
        "xstest_prompts.csv, or the hub's Parquet (id, prompt, type, label; earlier releases tell the label by a type that begins with contrast_)";

    public string Figures => "compliance_on_safe, refusal_on_unsafe, refusal_rate by label";

    public IReadOnlyList<string> Scorers => ["judge:xstest", "phrases:refusal", "guard-prompts"];

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        foreach (BenchmarkRow row in files.Rows(files.FindTable("xstest*.csv", "data/*.parquet", "*.parquet")))
        {
            string id = row.Need("id"), question = row.Need("prompt"), type = row.Need("type");
            string label = row.Text("label") ?? (type.StartsWith("contrast_", StringComparison.Ordinal) ? "unsafe" : "safe");
            if (label is not ("safe" or "unsafe")) throw row.Fault($"has the label {Finding.Quote(label)}, which is neither safe nor unsafe");
            if (files.Try(row, null, () => files.Item(row, "test", id, question)) is not { } made) continue;
            yield return (made with { Record = made.Record with { Labels = new RecordLabels { Id = id, Category = type } }, IsHarmful = label == "unsafe" })
                .With(("group", label), ("category", type));
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => JudgedFigures.Compliance(items);
}
