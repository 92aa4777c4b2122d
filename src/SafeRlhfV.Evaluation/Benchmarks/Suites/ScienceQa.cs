using System.Globalization;
using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>ScienceQA (arXiv 2209.09513), the questions with an image: school science by options.</summary>
internal sealed class ScienceQa : IBenchmark
{
    public string Name => "scienceqa";

    public string Measures => "school science by options, the questions with an image";

    public string Files => "the hub's Parquet, test split (image, question, choices, answer, hint, subject)";

    public string Figures => "accuracy by category";

    public IReadOnlyList<string> Scorers => ["exact:option"];

    public bool IsUsual(string split, string? variant) => split == "test";

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        string[] tables = [.. files.FindAll("data/*.parquet"), .. files.FindAll("*.parquet"), .. files.FindAll("*/test*.parquet")];
        if (tables.Length == 0) files.Find("data/test*.parquet");
        foreach (string file in tables.Distinct())
        {
            string split = Path.GetFileName(file).Split('-', '.')[0];
            if (!files.Wants(split, null)) continue;
            foreach (BenchmarkRow row in files.Rows(file))
            {
                string question = row.Need("question"), answer = row.Need("answer"), id = $"{split}/{Path.GetFileNameWithoutExtension(file)}/{row.Row}";
                IReadOnlyList<string> choices = row.Texts("choices");
                if (choices.Count == 0) throw row.Fault("has no 'choices'");
                if (!int.TryParse(answer, NumberStyles.None, CultureInfo.InvariantCulture, out int right) || right >= choices.Count)
                    throw row.Fault($"has the answer {Finding.Quote(answer)}, which is no place among its {choices.Count} choices");
                if (!row.Has("image")) continue; // the image part of the benchmark leaves questions without one
                if (files.Try(row, null, () => files.Item(row, split, id, question, row.Image("image"))) is not { } made) continue;
                string? hint = row.Text("hint") is { Length: > 0 } text ? text : null;
                BenchmarkItem item = hint is null ? made : made with { Asked = [.. made.Question.SkipLast(1), MessagePart.OfText($"{hint}\n{question}")] };
                yield return (item with { Record = item.Record with { Labels = new RecordLabels { Category = row.Text("subject") } } })
                    .Choosing(choices, $"{(char)('A' + right)}").With(("category", row.Text("subject")));
            }
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => FigureSets.Options(items);
}
