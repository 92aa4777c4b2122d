using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>POPE (arXiv 2305.10355): whether an object is in the image, with absent objects drawn at random, by frequency or by what goes with the
/// scene.</summary>
internal sealed class Pope : IBenchmark
{
    private static readonly string[] Splits = ["random", "popular", "adversarial"];

    public string Name => "pope";

    public string Measures => "objects that are in the image or are not";

    public string Files => "coco_pope_{random,popular,adversarial}.json (question_id, image, text, label) and --images val2014, or the hub's Parquet";

    public string Figures => "accuracy, precision, recall, f1, yes_ratio by split";

    public IReadOnlyList<string> Scorers => ["exact:yes-no"];

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        IReadOnlyList<string> found = files.OnlyFile is { } only ? ParquetShards.Of(only)
            : [.. ((string[])["*pope*.json", "*pope*.jsonl", "*/*pope*.json", "*.parquet", "*/*.parquet"]).Select(files.FindAll)
                .FirstOrDefault(all => all.Count > 0)
                ?? [files.Find("coco_pope_random.json")]];
        foreach (string file in found.OrderBy(file => Array.FindIndex(Splits, split => file.Contains(split, StringComparison.Ordinal))))
            foreach (BenchmarkRow row in files.Rows(file))
            {
                string split = row.Text("category") ?? Splits.FirstOrDefault(name => Path.GetFileName(file).Contains(name, StringComparison.Ordinal)) ?? "test";
                if (!files.Wants(split, null)) continue;
                string id = row.Need("question_id", "id"), question = row.Need("text", "question"), truth = row.Need("label", "answer");
                if (truth.ToLowerInvariant() is not ("yes" or "no")) throw row.Fault($"has the label {Finding.Quote(truth)}, which is neither yes nor no");
                BenchmarkItem? made = files.Try(row, null, () => files.Item(row, "test", $"{split}/{id}", question, row.Image("image", "val2014", "images")));
                if (made is null) continue;
                yield return (made with { Record = made.Record with { Answer = truth, Labels = new RecordLabels { Id = id } } })
                    .Asking("\nAnswer the question using a single word or phrase.").With(("split", split), ("truth", truth.ToLowerInvariant()));
            }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => FigureSets.YesNo(items);
}
