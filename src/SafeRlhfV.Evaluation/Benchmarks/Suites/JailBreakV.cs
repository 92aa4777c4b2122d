using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>JailBreakV-28K (arXiv 2404.03027): jailbreak texts with images, and figures of typed words; a mini part of 280.</summary>
internal sealed class JailBreakV : IBenchmark
{
    public string Name => "jailbreakv";

    public string Measures => "jailbreaks in text and image";

    public string Files => "JailBreakV_28K.csv (id, jailbreak_query, redteam_query, format, policy, image_path, selected_mini) and its image folders, "
        + "or the hub's Parquet";

    public string Figures => "attack_success by policy and format; mini_attack_success";

    public IReadOnlyList<string> Scorers => ["guard", "judge:safety", "phrases:refusal"];

    public string Subset => "mini, the rows with selected_mini";

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        IReadOnlyList<string> table = files.FindTable([.. subset ? (string[])["mini_JailBreakV_28K.csv", "*/mini_JailBreakV_28K.csv"] : [],
            "JailBreakV_28K.csv", "*/JailBreakV_28K.csv", "*.parquet", "*/*.parquet"]);
        string folder = Path.GetRelativePath(files.Folder, Path.GetDirectoryName(table[0])!);
        foreach (BenchmarkRow row in files.Rows(table))
        {
            string id = row.Need("id"), question = row.Need("jailbreak_query"), policy = row.Need("policy"), format = row.Need("format");
            bool isMini = row.Flag("selected_mini") ?? false;
            if (subset && !isMini) continue;
            string image = row.Columns.Contains("image_path") ? "image_path" : "image";
            if (files.Try(row, null, () => files.Item(row, "test", id, question, row.Image(image, folder, "images"))) is not { } made) continue;
            yield return (made with
            {
                Record = made.Record with
                {
                    Labels = new RecordLabels { Id = id, Category = policy },
                    Fields = row.Text("redteam_query") is { } plain ? new Dictionary<string, string> { ["redteam_query"] = plain } : made.Record.Fields,
                },
                IsHarmful = true,
            }).With(("policy", policy), ("format", format), ("mini", isMini ? "true" : "false"));
        }
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => form == ReplyForm.Refusal
        ? FigureSets.Refusal(items, "policy") : FigureSets.Attack(items, "attack_success", "policy", "format");
}
