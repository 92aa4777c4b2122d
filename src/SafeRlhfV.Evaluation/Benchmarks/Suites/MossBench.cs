using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>MOSSBench (arXiv 2406.17806): harmless questions that look harmful, in three types; the contrast set holds harmful twins.</summary>
internal sealed class MossBench : IBenchmark
{
    public string Name => "mossbench";

    public string Measures => "over-refusal of harmless questions that look harmful";

    public string Files => "information.json (id to image, question, metadata.over) and its images; data_contrast/ holds the harmful twins";

    public string Figures => "refusal_rate by type";

    public IReadOnlyList<string> Scorers => ["judge:mossbench", "phrases:refusal", "guard-prompts"];

    public string Subset => "contrast, the harmful twins";

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        string file = subset
            ? files.Find("data_contrast/information.json", "data_contrast/*/information.json")
            : files.Find("information.json", "data/information.json", "*/information.json");
        string folder = Path.GetRelativePath(files.Folder, Path.GetDirectoryName(file)!);
        foreach ((string id, BenchmarkRow row) in files.Named(file))
        {
            string question = row.Need("question");
            BenchmarkRow metadata = row.Rows("metadata") is [var only] ? only : throw row.Fault("has no 'metadata'");
            string type = metadata.Text("over") ?? (subset ? "contrast" : metadata.Need("over"));
            if (files.Try(row, null, () => files.Item(row, "test", id, question, row.Image("image", folder, Path.Combine(folder, "images")))) is not { } made)
                continue;
            yield return (made with
            {
                Record = made.Record with { Labels = new RecordLabels { Id = id, Category = type } },
                IsHarmful = subset,
            }).With(("type", type));
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) =>
        form == ReplyForm.Refusal ? FigureSets.Refusal(items, "type", []) : JudgedFigures.Oversensitivity(items);
}
