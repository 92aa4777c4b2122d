// A benchmark of one's own: one class reads its files and names its figures; answers, scorers, intervals and reports are there already.
using System.Text.Json;
using SafeRlhfV.Evaluation;

BenchmarkList.All.Add(new Signs());
IBenchmark benchmark = BenchmarkList.Named("signs")[0];
string data = Path.Combine(AppContext.BaseDirectory, "signs.csv");

// The model's answers, one line each. Yours comes from a model; this one says yes to everything.
string result = Directory.CreateTempSubdirectory("signs-").FullName;
IEnumerable<BenchmarkItem> Items() => benchmark.Read(new BenchmarkFiles(benchmark, data), subset: false);
await File.WriteAllLinesAsync(Path.Combine(result, "answers.jsonl"),
    Items().Select(item => JsonSerializer.Serialize(new ModelAnswer(item.Id, 0, item.QuestionText, "Yes."))));

using VerdictJournal journal = new(Path.Combine(result, "verdicts.jsonl"), []);
BenchmarkFiles files = new(benchmark, data);
BenchmarkRun run = await BenchmarkRun.ScoreAsync(benchmark, files, benchmark.Read(files, subset: false), AnswerSet.Read(result), other: null,
    [new ExactScorer(ReplyForm.YesNo)], journal, progress: null, CancellationToken.None);

Figure[] figures = [.. run.Scorers[0].Figures.Where(figure => figure.Name is "accuracy" or "recall" or "yes_ratio")];
foreach (Figure figure in figures)
    Console.WriteLine(FormattableString.Invariant($"{figure.Part}: {figure.Name} {figure.Value:0.00}"));
return run.Items == 4 && figures.Single(figure => figure.Name == "accuracy" && figure.Part == "split all").Value == 0.5 ? 0 : 1;

/// <summary>What signs mean: a table with id, question, label (yes or no) and kind.</summary>
internal sealed class Signs : IBenchmark
{
    public string Name => "signs";

    public string Measures => "what signs mean";

    public string Files => "signs.csv with id, question, label and kind";

    public string Figures => "accuracy, precision, recall, f1 by kind";

    public IReadOnlyList<string> Scorers => ["exact:yes-no"];

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        foreach (BenchmarkRow row in files.Rows(files.Find("signs.csv")))
        {
            string label = row.Need("label");
            if (label is not ("yes" or "no")) throw row.Fault($"has the label '{label}', which is neither yes nor no");
            // a row that is not whole is counted, and left out
            BenchmarkItem? made = files.Try(row, null, () => files.Item(row, "test", row.Need("id"), row.Need("question")));
            if (made is not null) yield return made.With(("split", row.Need("kind")), ("truth", label));
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => FigureSets.YesNo(items);
}
