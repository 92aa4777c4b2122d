using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>BeaverTails-V's evaluation split (arXiv 2503.17682), paired or flat: each image and question once.</summary>
internal sealed class BeaverTailsV : IBenchmark
{
    private const string Split = "evaluation";

    public string Name => "beavertails-v";

    public string Measures => "the method's own held-out questions in twenty categories";

    public string Files => "the data set's folder with an evaluation split (or the one that --split names), in the paired or the flat layout";

    public string Figures => "attack_success by category and severity; win rates with --baseline";

    public IReadOnlyList<string> Scorers => ["guard", "judge:safety", "judge:helpfulness-pair", "phrases:refusal"];

    public bool IsUsual(string split, string? variant) => split == Split;

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        PreferenceDataset data = PreferenceDataset.Open(files.OnlyFile ?? files.Folder);
        HashSet<string> seen = [];
        string[] splits = [.. data.Splits.Where(split => files.Wants(split, null))];
        if (splits.Length == 0)
            throw new InvalidInputException($"{data.Path}: has no split that is wanted ({Split}, unless --split names another); it has "
                + $"{string.Join(", ", data.Splits)}: name one with --split.");
        foreach ((string split, DatasetRow row) in splits.SelectMany(split => data.ReadRows(split).Select(row => (split, row))))
        {
            files.Count(1);
            (IReadOnlyList<EncodedImage> images, string question) = row.ToRecord(RecordParts.None).AsQuestion(Name);
            BenchmarkRow place = files.Line(row.Position.File, row.Position.Row, [question], "question");
            if (files.Try(place, null, () => files.Item(place, split, $"{row.Position}", question,
                [.. images.Select(image => files.Image(files.WithoutImages ? null : image.Bytes, []))])) is not { } made) continue;
            string image = made.Record.Images is [{ Bytes: { } bytes }, ..]
                ? Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(bytes)) : $"{row.Position}";
            if (!seen.Add($"{image} {question}")) continue; // the flat layout holds a row for each answer
            string? category = row.Text("category") is { } name ? LabelWords.Family(name) : null;
            yield return (made with { Record = made.Record with { Labels = new RecordLabels { Category = category } } })
                .With(("category", category), ("severity", row.Integer("image_severity")?.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => form switch
    {
        ReplyForm.Winner => PairFigures.WinRates(items, "category"),
        ReplyForm.Refusal => FigureSets.Refusal(items, "category", []),
        _ => FigureSets.Attack(items, "attack_success", "category", "severity"),
    };
}
