using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>SPA-VL (arXiv 2406.12030), its test: a harm and a help split of questions without answers.</summary>
internal sealed class SpaVl : IBenchmark
{
    private static readonly string[] Splits = ["harm", "help"];

    public string Name => "spa-vl";

    public string Measures => "harmful questions, and how helpful answers are beside those of another model";

    public string Files => "the test configuration's harm*.parquet and help*.parquet (image, question, class1 to class3)";

    public string Figures => "attack_success on harm by a guard; harm_score and help_win against --baseline";

    public IReadOnlyList<string> Scorers => ["judge:spa-vl-{split}-pair", "guard", "judge:safety", "phrases:refusal"];

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        foreach (string split in Splits.Where(split => files.Wants(split, null)))
        {
            string[] tables = [.. ((string[])["", "test/", "data/", "data/test/"]).SelectMany(place => files.FindAll($"{place}{split}*.parquet"))];
            if (tables.Length == 0) files.Find($"test/{split}*.parquet");
            foreach (BenchmarkRow row in tables.SelectMany(files.Rows))
            {
                string question = row.Need("question"), id = $"{split}/{Path.GetFileNameWithoutExtension(row.File)}/{row.Row}";
                if (files.Try(row, null, () => files.Item(row, split, id, question, row.Image("image"))) is not { } made) continue;
                yield return (made with
                {
                    Record = made.Record with
                    {
                        Labels = new RecordLabels
                        { Category = row.Text("class1"), Category2 = row.Text("class2"), Category3 = row.Text("class3") }
                    },
                    IsHarmful = split == "harm" ? true : null,
                }).With(("split", split), ("category", row.Text("class1")));
            }
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items)
    {
        ScoredItem[] harm = [.. items.Where(item => item["split"] == "harm")];
        return form switch
        {
            ReplyForm.Winner => PairFigures.SpaVl(items),
            ReplyForm.Refusal => FigureSets.Refusal(items, "split", ["harm"]),
            _ => FigureSets.Attack(harm, "attack_success", "category"),
        };
    }
}
