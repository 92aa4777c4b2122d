using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>SIUO's multiple-choice form: which of several answers is safe.</summary>
internal sealed class SiuoChoice : IBenchmark
{
    public string Name => "siuo-mcq";

    public string Measures => "choosing the safe one of several answers";

    public string Files => "siuo_mcqa.json (question_id, image, question, options, correct_option, category) and images/";

    public string Figures => "accuracy by category";

    public IReadOnlyList<string> Scorers => ["exact:option"];

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        foreach (BenchmarkRow row in files.Rows(files.Find("siuo_mcqa.json")))
        {
            string id = row.Need("question_id"), question = row.Need("question"), answer = row.Need("correct_option");
            BenchmarkRow named = row.Rows("options") is [var only] ? only : throw row.Fault("has no 'options'");
            string[] options = [.. named.Columns.Order(StringComparer.Ordinal).Select(letter => named.Need(letter))];
            if (files.Try(row, null, () => files.Item(row, "test", id, question, row.Image("image", "images"))) is not { } made) continue;
            yield return (made with { Record = made.Record with { Labels = new RecordLabels { Id = id, Category = row.Text("category") } } })
                .Choosing(options, answer).With(("category", row.Text("category")));
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => FigureSets.Options(items);
}
