using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>MSSBench (arXiv 2410.06172): one question in a safe and in an unsafe situation; chat and embodied tasks apart.</summary>
internal sealed class MssBench : IBenchmark
{
    public string Name => "mssbench";

    public string Measures => "one question in a safe and in an unsafe situation";

    public string Files => "combined.json with chat and embodied (or chat.json, embodied.json) and the images in chat/ and embodied/";

    public string Figures => "accuracy by scenario and side, accuracy_mean by scenario";

    public IReadOnlyList<string> Scorers => ["judge:mssbench", "phrases:refusal", "guard-prompts"];

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        string? both = files.TryFind("combined.json", "mssbench.json");
        BenchmarkRow? all = both is null ? null : files.Object(both);
        string[] apart = [.. ((string[])["chat.json", "embodied.json"]).SelectMany(files.FindAll)];
        if (all is null && apart.Length == 0) files.Find("combined.json");
        foreach (string scenario in (string[])["chat", "embodied"])
        {
            if (!files.Wants(scenario, null)) continue;
            IReadOnlyList<BenchmarkRow> rows = all is not null ? all.Rows(scenario)
                : [.. apart.Where(file => Path.GetFileNameWithoutExtension(file) == scenario).SelectMany(files.Rows)];
            if (all is not null) files.Count(rows.Count);
            for (int i = 0; i < rows.Count; i++)
                foreach (BenchmarkItem item in Pair(files, rows[i], scenario, i)) yield return item;
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) =>
        form == ReplyForm.Refusal ? FigureSets.Refusal(items, "side", ["unsafe"]) : JudgedFigures.Situations(items);

    private static IEnumerable<BenchmarkItem> Pair(BenchmarkFiles files, BenchmarkRow row, string scenario, int number)
    {
        bool isChat = scenario == "chat";
        foreach (string side in (string[])["safe", "unsafe"])
        {
            string image = isChat ? $"{side}_image_path" : side;
            IReadOnlyList<string> questions = row.Texts(isChat ? "queries" : $"{side}_instructions");
            if (questions.Count == 0 && !isChat) questions = row.Texts($"{side}_instruction");
            if (questions.Count == 0) throw row.Fault($"has no '{(isChat ? "queries" : $"{side}_instructions")}'");
            for (int i = 0; i < questions.Count; i++)
            {
                string question = questions[i], id = $"{scenario}/{number}/{i}/{side}";
                if (files.Try(row, side, () => files.Item(row, scenario, id, question, row.Image(image, scenario, "images"))) is not { } made) continue;
                string? category = row.Text("Type") ?? row.Text("category");
                yield return (made with
                {
                    Record = made.Record with { Variant = side, Labels = new RecordLabels { Id = id, Category = category } },
                    IsHarmful = side == "unsafe",
                }).With(("scenario", scenario), ("side", side), ("pair", $"{scenario}-{number}"), ("category", category), ("intent", row.Text("intent")));
            }
        }
    }
}
