using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>MM-Vet (arXiv 2308.02490): open questions that need several capabilities; a judge scores an answer from 0 to 1 by its reference.</summary>
internal sealed class MmVet : IBenchmark
{
    public string Name => "mm-vet";

    public string Measures => "open questions that need several capabilities";

    public string Files => "mm-vet.json (id to imagename, question, answer with <AND> and <OR>, capability) and images/, or the hub's Parquet";

    public string Figures => "score by capability";

    public IReadOnlyList<string> Scorers => ["judge:mm-vet"];

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        IReadOnlyList<string> table = files.FindTable("mm-vet.json", "*.parquet", "data/*.parquet");
        IEnumerable<(string, BenchmarkRow)> rows = Path.GetExtension(table[0]) == ".json" ? files.Named(table[0])
            : files.Rows(table).Select(row => (row.Need("question_id"), row));
        foreach ((string id, BenchmarkRow row) in rows)
        {
            string question = row.Need("question"), answer = row.Need("answer"), image = row.Columns.Contains("imagename") ? "imagename" : "image";
            string capabilities = string.Join(',', row.Texts("capability").SelectMany(one => one.Split(',', StringSplitOptions.TrimEntries)));
            if (files.Try(row, null, () => files.Item(row, "test", id, question, row.Image(image, "images"))) is not { } made) continue;
            yield return (made with { Record = made.Record with { Answer = answer, Labels = new RecordLabels { Id = id, Category = capabilities } } })
                .With((ScoredItem.Capabilities, capabilities));
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => FigureSets.Scores(items);
}
