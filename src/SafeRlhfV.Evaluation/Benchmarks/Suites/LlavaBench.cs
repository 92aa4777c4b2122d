using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>LLaVA-Bench in the wild (arXiv 2304.08485): a judge scores the model's answer beside a reference; 100 x model / reference.</summary>
internal sealed class LlavaBench : IBenchmark
{
    public string Name => "llava-bench";

    public string Measures => "open questions, scored beside a reference answer";

    public string Files =>
        "questions.jsonl, context.jsonl, answers_gpt4.jsonl and images/, or the hub's Parquet (question, image, category, caption, gpt_answer)";

    public string Figures => "relative and model_mean by category";

    public IReadOnlyList<string> Scorers => ["judge:llava-bench"];

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        string? questions = files.TryFind("questions.jsonl");
        IReadOnlyList<string> table = questions is null ? files.FindTable("*.parquet", "data/*.parquet") : [questions];
        Dictionary<string, string> references = questions is null ? [] : By(files, files.Find("answers_gpt4.jsonl", "reference_answers.jsonl"), "question_id",
            "text"), captions = questions is null ? [] : By(files, files.Find("context.jsonl"), "image", "caption");
        foreach (BenchmarkRow row in files.Rows(table))
        {
            string id = row.Need("question_id"), question = row.Need("question", "text"), category = row.Need("category");
            string reference = row.Text("gpt_answer") ?? references.GetValueOrDefault(id) ?? throw row.Fault("has no reference answer ('gpt_answer')");
            string? caption = row.Text("caption") ?? (captions.Count > 0 && row.Text("image") is { } name ? captions.GetValueOrDefault(name) : null);
            if (files.Try(row, null, () => files.Item(row, "test", id, question, row.Image("image", "images"))) is not { } made) continue;
            yield return (made with
            {
                Record = made.Record with
                {
                    Answer = reference,
                    Labels = new RecordLabels { Id = id, Category = category },
                    Fields = caption is null ? made.Record.Fields : new Dictionary<string, string> { ["caption"] = caption },
                },
            }).With(("category", category));
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => FigureSets.Relative(items);

    private static Dictionary<string, string> By(BenchmarkFiles files, string file, string key, string value)
    {
        Dictionary<string, string> found = [];
        foreach (BenchmarkRow row in files.Rows(file)) found[row.Need(key)] = row.Need(value);
        return found;
    }
}
