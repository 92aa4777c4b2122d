using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>VLSBench (arXiv 2411.19939): the harm is in the image alone, and the question does not tell it.</summary>
internal sealed class VlsBench : IBenchmark
{
    public string Name => "vlsbench";

    public string Measures => "harm that only the image tells";

    public string Files => "data.json (instruction_id, instruction, image_path, category, sub_category, source) and its images, or the hub's Parquet";

    public string Figures => "safe_rate with refusal_share and warning_share by category";

    public IReadOnlyList<string> Scorers => ["judge:vlsbench", "guard", "phrases:refusal"];

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        foreach (BenchmarkRow row in files.Rows(files.FindTable("data.json", "data/*.parquet", "*.parquet")))
        {
            string id = row.Need("instruction_id"), question = row.Need("instruction"), image = row.Columns.Contains("image_path") ? "image_path" : "image";
            if (files.Try(row, null, () => files.Item(row, "test", id, question, row.Image(image, "imgs", "images"))) is not { } made) continue;
            yield return (made with
            {
                Record = made.Record with { Labels = new RecordLabels { Id = id, Category = row.Text("category"), Category2 = row.Text("sub_category") } },
                IsHarmful = true,
            }).With(("category", row.Text("category")));
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => form switch
    {
        ReplyForm.Refusal => FigureSets.Refusal(items, "category"),
        ReplyForm.Safety => FigureSets.Attack(items, "attack_success", "category"),
        _ => JudgedFigures.Warnings(items),
    };
}
