using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>MME (arXiv 2306.13394): two yes/no questions an image, ten categories of perception and four of cognition.</summary>
internal sealed class Mme : IBenchmark
{
    private static readonly string[] Cognition = ["commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning"];
    private static readonly string[] Endings = [".jpg", ".png", ".jpeg", ".webp", ".bmp"];

    public string Name => "mme";

    public string Measures => "perception and cognition by pairs of yes/no questions";

    public string Files =>
        "a folder a category with images and .txt files of \"question TAB Yes|No\" (or images/ and questions_answers_YN/), or the hub's Parquet";

    public string Figures => "acc, acc_plus and score by category, sums of perception and cognition";

    public IReadOnlyList<string> Scorers => ["exact:yes-no"];

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        IReadOnlyList<string> tables = [.. files.FindAll("*.parquet"), .. files.FindAll("*/*.parquet")];
        return tables.Count > 0 ? Hub(files, tables) : Folders(files);
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => FigureSets.Mme(items);

    private static IEnumerable<BenchmarkItem> Hub(BenchmarkFiles files, IReadOnlyList<string> tables)
    {
        Dictionary<string, int> asked = [];
        foreach (BenchmarkRow row in tables.SelectMany(files.Rows))
        {
            string id = row.Need("question_id"), category = row.Need("category"), question = row.Need("question"), answer = Answer(row);
            int number = asked[id] = asked.GetValueOrDefault(id) + 1;
            if (files.Try(row, null, () => files.Item(row, "test", $"{id}/{number}", question, row.Image("image"))) is { } made)
                yield return Finished(made, id, category, answer);
        }
    }

    private static IEnumerable<BenchmarkItem> Folders(BenchmarkFiles files)
    {
        string[] texts = [.. files.FindAll("*/*.txt").Concat(files.FindAll("*/questions_answers_YN/*.txt"))];
        if (texts.Length == 0) files.Find("*/*.txt");
        foreach (string file in texts.Order(StringComparer.Ordinal))
        {
            string folder = Path.GetDirectoryName(file)!, stem = Path.GetFileNameWithoutExtension(file);
            bool isApart = Path.GetFileName(folder) == "questions_answers_YN";
            string category = Path.GetFileName(isApart ? Path.GetDirectoryName(folder) : folder)!;
            string images = isApart ? Path.Combine(Path.GetDirectoryName(folder)!, "images") : folder;
            string image = Endings.Select(ending => Path.Combine(images, stem + ending)).FirstOrDefault(File.Exists) ?? Path.Combine(images, $"{stem}.jpg");
            string id = $"{category}/{Path.GetFileName(image)}";
            string[] lines = [.. DiskErrors.Reading(file, () => File.ReadAllLines(file)).Where(line => line.Length > 0)];
            for (int i = 0; i < lines.Length; i++)
            {
                files.Count(1);
                BenchmarkRow row = files.Line(file, i, lines[i].Split('\t'), "question", "answer");
                string question = row.Need("question"), answer = Answer(row);
                if (files.Try(row, null, () => files.Item(row, "test", $"{id}/{row.Row + 1}", question, files.ImageFile(image))) is { } made)
                    yield return Finished(made, id, category, answer);
            }
        }
    }

    private static string Answer(BenchmarkRow row)
    {
        string answer = row.Need("answer").Trim();
        return answer.ToLowerInvariant() is "yes" or "no" ? answer
            : throw row.Fault($"has the answer {Finding.Quote(answer)}, which is neither yes nor no");
    }

    private static BenchmarkItem Finished(BenchmarkItem item, string id, string category, string answer) =>
        (item with { Record = item.Record with { Answer = answer, Labels = new RecordLabels { Category = category, Id = id } } })
            .With(("group", Cognition.Contains(category) ? "cognition" : "perception"), ("category", category), ("picture", id),
                ("truth", answer.ToLowerInvariant()));
}
