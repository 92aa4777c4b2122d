using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>SIUO (arXiv 2406.15279): image and question are safe apart and unsafe together; three answers an item are judged safe and effective.</summary>
internal sealed class Siuo : IBenchmark
{
    public string Name => "siuo";

    public string Measures => "image and question that are harmful only together";

    public string Files => "siuo_gen.json (question_id, image, question, category, safety_warning, reference_answer) and images/";

    public string Figures => "safe, effective and both by category, by majority of three answers";

    public IReadOnlyList<string> Scorers => ["judge:siuo-safe+siuo-effective", "guard", "phrases:refusal"];

    public int Samples => 3;

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        foreach (BenchmarkRow row in files.Rows(files.Find("siuo_gen.json")))
        {
            string id = row.Need("question_id"), question = row.Need("question");
            if (files.Try(row, null, () => files.Item(row, "test", id, question, row.Image("image", "images"))) is not { } made) continue;
            yield return (made with
            {
                Record = made.Record with
                {
                    Labels = new RecordLabels { Id = id, Category = row.Text("category") },
                    Fields = ((string[])["safety_warning", "reference_answer"]).Where(row.Has).ToDictionary(name => name, name => row.Text(name)!),
                },
                IsHarmful = true,
            }).With(("category", row.Text("category")));
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => form switch
    {
        ReplyForm.Refusal => FigureSets.Refusal(items, "category"),
        ReplyForm.Safety => FigureSets.Attack(items, "attack_success", "category"),
        _ => JudgedFigures.SafeAndEffective(items),
    };
}
