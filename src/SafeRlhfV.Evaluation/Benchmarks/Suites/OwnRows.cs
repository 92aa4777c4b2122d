using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>
/// Rows of one's own: JSONL, JSON, CSV or Parquet of question (or prompt) and perhaps image or images, id, category, label (safe or unsafe), options, answer.
/// </summary>
internal sealed class OwnRows : IBenchmark
{
    public string Name => "rows";

    public string Measures => "rows of one's own";

    public string Files => "one .jsonl, .json, .csv, .tsv or .parquet of question or prompt, and perhaps id, image or images, category, label, options, answer";

    public string Figures => "attack_success and refusal_rate by label and category, accuracy where there are options";

    public IReadOnlyList<string> Scorers => ["judge:safety", "guard", "phrases:refusal", "exact:option", "exact:yes-no", "guard-prompts"];

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        foreach (BenchmarkRow row in files.Rows(files.FindOnlyTable("*.jsonl", "*.parquet", "*.json", "*.csv", "*.tsv")))
        {
            string question = row.Need("question", "prompt"), id = row.Text("id") ?? $"{row.Index}";
            bool? harmful = row.Text("label") switch
            {
                null => null,
                "unsafe" or "harmful" => true,
                "safe" or "harmless" => false,
                var other => throw row.Fault($"has the label {Finding.Quote(other)}, which is neither safe nor unsafe"),
            };
            string? column = row.Columns.FirstOrDefault(name => name is "images" or "image");
            BenchmarkItem? made = files.Try(row, null, () => files.Item(row, "test", id, question,
                column is null || !row.Has(column) ? [] : row.Images(column, "images")));
            if (made is null) continue;
            string? answer = row.Text("answer");
            IReadOnlyList<string> options = row.Texts("options");
            made = made with
            {
                Record = made.Record with { Answer = answer, Labels = new RecordLabels { Id = id, Category = row.Text("category") } },
                IsHarmful = harmful,
            };
            made = options.Count > 0 ? made.Choosing(options, answer) : made.With(("truth", answer?.Trim().ToLowerInvariant()));
            yield return made.With(("group", row.Text("label")), ("category", row.Text("category")));
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => form switch
    {
        ReplyForm.Refusal => FigureSets.Refusal(items, "group", ["unsafe", "harmful"]),
        ReplyForm.Option => FigureSets.Options([.. items.Where(item => item["truth"].Length == 1)]),
        ReplyForm.YesNo => FigureSets.YesNo([.. items.Where(item => item["truth"] is "yes" or "no")]),
        _ => FigureSets.Attack(items, "attack_success", "group", "category"),
    };
}
