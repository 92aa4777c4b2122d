using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>VLGuard (arXiv 2402.02207): unsafe images, and safe images with a safe and an unsafe instruction each.</summary>
internal sealed class VlGuard : IBenchmark
{
    private const string Unsafes = "unsafes", SafeUnsafes = "safe_unsafes", SafeSafes = "safe_safes";

    public string Name => "vlguard";

    public string Measures => "unsafe images, and safe images with unsafe or safe instructions";

    public string Files => "test.json (id, image, safe, instr-resp) and the images in test/";

    public string Figures => "attack_success on unsafes and safe_unsafes, refusal_rate on safe_safes, win rates there with --baseline";

    public IReadOnlyList<string> Scorers => ["phrases:refusal", "judge:safety", "guard", "judge:helpfulness-pair", "guard-prompts"];

    public bool IsUsual(string split, string? variant) => split == "test";

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        if (files.TryFind("train.json", "test.json") is null) files.Find("test.json");
        foreach (string split in (string[])["train", "test"])
        {
            if (files.TryFind($"{split}.json") is not { } file || !files.Wants(split, null)) continue;
            foreach (BenchmarkRow row in files.Rows(file))
            {
                bool isSafe = row.Flag("safe") ?? throw row.Fault("has no 'safe'");
                IReadOnlyList<BenchmarkRow> pairs = row.Rows("instr-resp");
                if (pairs.Count == 0) throw row.Fault("has no 'instr-resp'");
                EncodedImage? image = null; // one image, checked once, for both instructions
                string id = row.Need("id");
                foreach (BenchmarkRow pair in pairs)
                {
                    string group = !isSafe ? Unsafes : pair.Has("unsafe_instruction") ? SafeUnsafes : SafeSafes;
                    string question = pair.Need(isSafe ? ["safe_instruction", "unsafe_instruction"] : ["instruction"]);
                    BenchmarkItem? item = files.Try(row, null, () =>
                        Item(files, row, split, id, group, question, pair.Text("response"), image ??= row.Image("image", split)));
                    if (item is not null) yield return item;
                    else if (image is null) break; // its second instruction would miss the same image
                }
            }
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => form switch
    {
        ReplyForm.Winner => PairFigures.WinRates([.. items.Where(item => item["group"] == SafeSafes)], "group"),
        ReplyForm.Refusal => FigureSets.Refusal(items, "group", [Unsafes, SafeUnsafes]),
        _ => FigureSets.Attack(items, "attack_success", "group"),
    };

    private static BenchmarkItem Item(BenchmarkFiles files, BenchmarkRow row, string split, string id, string group, string question, string? response,
        EncodedImage image)
    {
        BenchmarkItem item = files.Item(row, split, $"{split}/{id}/{group}", question, image);
        ConversationRecord record = item.Record with
        {
            Variant = group,
            Labels = new RecordLabels
            {
                Id = id,
                ImageUnsafe = group == Unsafes,
                InstructionUnsafe = group == Unsafes ? null : group == SafeUnsafes,
                Category = row.Text("harmful_category"),
                Category2 = row.Text("harmful_subcategory"),
            },
        };
        if (response is { Length: > 0 })
            record = record with { Messages = [.. record.Messages, ConversationMessage.Of(ConversationRole.Assistant, response)] };
        return (item with { Record = record, IsHarmful = group != SafeSafes }).With(("group", group), ("category", row.Text("harmful_category")));
    }
}
