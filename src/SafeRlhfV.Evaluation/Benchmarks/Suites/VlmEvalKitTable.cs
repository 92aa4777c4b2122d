using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>
/// A table in VLMEvalKit's form: tabs between columns, images in base64, or the index of the row that holds them, or a Python list of either; options in
/// columns A, B, C and so on.
/// </summary>
internal sealed class VlmEvalKitTable : IBenchmark
{
    // shorter texts are the index of another row
    private const int LongestIndex = 64;

    public string Name => "vlmevalkit";

    public string Measures => "any multiple-choice or yes/no table in VLMEvalKit's form";

    public string Files => "one .tsv of index, image, question, answer and perhaps hint, category, split and option columns A to Z";

    public string Figures => "accuracy by category";

    public IReadOnlyList<string> Scorers => ["exact:option", "exact:yes-no"];

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        string file = files.Find("*.tsv");
        Dictionary<string, string> images = Shared(files, file);
        foreach (BenchmarkRow row in files.Rows(file))
        {
            string id = row.Need("index"), question = row.Need("question"), split = row.Text("split") ?? "test";
            if (!row.Columns.Contains("image")) throw row.Fault("has no 'image'");
            if (!files.Wants(split, null)) continue;
            if (files.Try(row, null, () => Item(files, row, images, split, id, question)) is { } item) yield return item;
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => form == ReplyForm.YesNo
        ? FigureSets.YesNo([.. items.Where(item => item["truth"] is "yes" or "no")])
        : FigureSets.Options([.. items.Where(item => item["truth"].Length == 1)]);

    /// <summary>The images that other rows name by their index, before or after.</summary>
    private static Dictionary<string, string> Shared(BenchmarkFiles files, string file)
    {
        HashSet<string> named = [.. files.Peek(file).Select(row => row.Text("image")).OfType<string>().SelectMany(text => PythonList.TryRead(text) ?? [text])
            .Where(text => text.Length <= LongestIndex)];
        Dictionary<string, string> images = [];
        if (named.Count == 0) return images;
        foreach (BenchmarkRow row in files.Peek(file))
            if (row.Text("index") is { } id && named.Contains(id) && row.Text("image") is { Length: > LongestIndex } held) images[id] = held;
        return images;
    }

    private static BenchmarkItem Item(BenchmarkFiles files, BenchmarkRow row, Dictionary<string, string> images, string split, string id, string question)
    {
        string? held = row.Text("image");
        string? Resolved(string? image) => image is not { Length: <= LongestIndex } ? image
            : images.GetValueOrDefault(image) ?? throw new DroppedRowException(DropReason.ImageMissing);
        IReadOnlyList<string?> all = [.. (held is null ? [null] : PythonList.TryRead(held) ?? (IReadOnlyList<string?>)[held]).Select(Resolved)];
        BenchmarkItem item = files.Item(row, split, id, question, [.. all.Select(image => files.Image(image, []))]);
        string[] options = [.. Enumerable.Range('A', 26).Select(letter => row.Text($"{(char)letter}"))
            .OfType<string>()];
        item = item with { Record = item.Record with { Labels = new RecordLabels { Id = id, Category = row.Text("category") } } };
        string? answer = row.Text("answer"), hint = row.Text("hint");
        if (hint is not null)
            item = item with
            {
                Record = item.Record with { Fields = new Dictionary<string, string> { ["hint"] = hint } },
                Asked = [.. item.Question.SkipLast(1), MessagePart.OfText($"Hint: {hint}\n{question}")],
            };
        if (options.Length > 0) item = item.Choosing(options, answer);
        else item = (item with { Record = item.Record with { Answer = answer } }).With(("truth", answer?.Trim().ToLowerInvariant()));
        return item.With(("category", row.Text("category")), ("split", split));
    }
}
