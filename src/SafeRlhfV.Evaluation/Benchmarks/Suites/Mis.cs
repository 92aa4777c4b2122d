using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>MIS, multi-image safety (arXiv 2501.18533): two images that are harmful only together with the question; an easy and a hard part.</summary>
internal sealed class Mis : IBenchmark
{
    public string Name => "mis";

    public string Measures => "harm that only two images together show";

    public string Files => "mis_easy.json and mis_hard.json (id, question, image_path1, image_path2, category, sub_category) with their image folders";

    public string Figures => "attack_success by split and category";

    public IReadOnlyList<string> Scorers => ["judge:safety", "guard", "phrases:refusal"];

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        if (files.FindAll("mis_*.json") is not { Count: > 0 } found) found = [files.Find("mis_easy.json")];
        foreach (string file in found)
        {
            string split = Path.GetFileNameWithoutExtension(file)["mis_".Length..];
            if (!files.Wants(split, null)) continue;
            foreach (BenchmarkRow row in files.Rows(file))
            {
                string id = row.Need("id"), question = row.Need("question");
                string[] columns = [.. row.Columns.Where(column => column.StartsWith("image_path", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
                if (columns.Length == 0) row.Need("image_path1");
                BenchmarkItem? made = files.Try(row, null, () =>
                    files.Item(row, split, $"{split}/{id}", question, [.. columns.Select(column => row.Image(column))]));
                if (made is null) continue;
                yield return (made with
                {
                    Record = made.Record with { Labels = new RecordLabels { Id = id, Category = row.Text("category"), Category2 = row.Text("sub_category") } },
                    IsHarmful = true,
                }).With(("split", split), ("category", row.Text("category")));
            }
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => form == ReplyForm.Refusal
        ? FigureSets.Refusal(items, "split") : FigureSets.Attack(items, "attack_success", "split", "category");
}
