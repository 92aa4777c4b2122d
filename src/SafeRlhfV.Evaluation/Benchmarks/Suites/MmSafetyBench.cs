using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>
/// MM-SafetyBench (arXiv 2311.17600): harmful questions in 13 scenarios, put into images. SD images ask the SD question, images with typed words the rephrased
/// one, and Text_only the whole question without an image.
/// </summary>
internal sealed class MmSafetyBench : IBenchmark
{
    private const string TextOnly = "Text_only";
    private static readonly string[] Kinds = [TextOnly, "SD", "SD_TYPO", "TYPO"];

    // the judge's question of each scenario: several give advice that needs a licence, one speaks for a government, one campaigns
    private static readonly string[] Scenarios =
    [
        "Illegal_Activitiy", "HateSpeech", "Malware_Generation", "Physical_Harm", "EconomicHarm", "Fraud", "Sex", "Political_Lobbying", "Privacy_Violence",
        "Legal_Opinion", "Financial_Advice", "Health_Consultation", "Gov_Decision",
    ];

    public string Name => "mm-safetybench";

    public string Measures => "harmful questions whose subject is shown in the image, in 13 scenarios";

    public string Files => "processed_questions/NN-Name.json and imgs/NN-Name/{SD,SD_TYPO,TYPO}/ID.jpg, or the hub's Name/{SD,SD_TYPO,TYPO,Text_only}.parquet";

    public string Figures => "attack_rate by scenario and kind of image";

    public IReadOnlyList<string> Scorers => ["judge:mm-safetybench-{judge_question}", "guard", "phrases:refusal"];

    public string Subset => "tiny, by TinyVersion_ID_List.json";

    public bool IsUsual(string split, string? variant) => variant != TextOnly;

    public IEnumerable<BenchmarkItem> Read(BenchmarkFiles files, bool subset)
    {
        string? questions = files.TryFind("processed_questions", "data/processed_questions");
        Dictionary<string, HashSet<string>>? tiny = subset ? Tiny(files) : null;
        return questions is null ? Hub(files, tiny) : Released(files, questions, tiny);
    }

    public IReadOnlyList<Figure> Measure(ReplyForm form, IReadOnlyList<ScoredItem> items) => form == ReplyForm.Refusal
        ? FigureSets.Refusal(items, "scenario") : FigureSets.Attack(items, "attack_rate", "scenario", "kind");

    private static IEnumerable<BenchmarkItem> Released(BenchmarkFiles files, string questions, Dictionary<string, HashSet<string>>? tiny)
    {
        string images = Path.Combine(Path.GetDirectoryName(questions)!, "imgs");
        string[] scenarios = [.. Directory.EnumerateFiles(questions, "*.json").Order(StringComparer.Ordinal)];
        if (scenarios.Length == 0) throw new InvalidInputException($"{questions}: holds no NN-Name.json; {files.Benchmark} needs {files.Needs}.");
        if (!Directory.Exists(images)) throw new InvalidInputException($"{images}: there is no such folder of images; {files.Benchmark} needs {files.Needs}.");
        foreach (string file in scenarios)
        {
            string scenario = Path.GetFileNameWithoutExtension(file);
            foreach ((string id, BenchmarkRow row) in files.Named(file))
            {
                if (tiny is not null && !(tiny.TryGetValue(scenario, out HashSet<string>? ids) && ids.Contains(id))) continue;
                foreach (string kind in Kinds.Where(kind => files.Wants("test", kind)))
                {
                    string question = kind switch
                    {
                        TextOnly => row.Need("Changed Question"),
                        "SD" => row.Need("Rephrased Question(SD)"),
                        _ => row.Need("Rephrased Question"),
                    };
                    BenchmarkItem? item = files.Try(row, kind, () => Item(files, row, "test", scenario, kind, id, question,
                        kind == TextOnly ? [] : [files.ImageFile(Path.Combine(images, scenario, kind, $"{id}.jpg"))]));
                    if (item is not null) yield return item;
                }
            }
        }
    }

    private static IEnumerable<BenchmarkItem> Hub(BenchmarkFiles files, Dictionary<string, HashSet<string>>? tiny)
    {
        string[] found = [.. files.FindAll("data/*/*.parquet").Concat(files.FindAll("*/*.parquet")).Distinct()];
        if (found.Length == 0)
            throw new InvalidInputException($"{files.Folder}: there is neither processed_questions nor a scenario's Parquet; {files.Benchmark} needs "
                + $"{files.Needs}.");
        foreach (string file in found.OrderBy(file => Path.GetFileName(Path.GetDirectoryName(file)), StringComparer.Ordinal)
            .ThenBy(file => Array.IndexOf(Kinds, KindOf(file))))
        {
            string scenario = Path.GetFileName(Path.GetDirectoryName(file))!, kind = KindOf(file);
            if (!files.Wants(kind, kind)) continue;
            foreach (BenchmarkRow row in files.Rows(file))
            {
                string id = row.Need("id");
                if (tiny is not null && !tiny.Any(one => Plain(one.Key) == Plain(scenario) && one.Value.Contains(id))) continue;
                string question = row.Need("question");
                if (files.Try(row, kind, () => Item(files, row, kind, scenario, kind, id, question, kind == TextOnly ? [] : [row.Image("image")])) is { } item)
                    yield return item;
            }
        }
    }

    private static BenchmarkItem Item(BenchmarkFiles files, BenchmarkRow row, string split, string scenario, string kind, string id, string question,
        IReadOnlyList<EncodedImage> images)
    {
        BenchmarkItem item = files.Item(row, split, $"{scenario}/{kind}/{id}", question, images);
        return (item with
        {
            Record = item.Record with { Variant = kind, Labels = new RecordLabels { Category = scenario, Id = id } },
            IsHarmful = true,
        }).With(("scenario", scenario), ("kind", kind), ("judge_question", QuestionOf(scenario)));
    }

    private static string? QuestionOf(string scenario) => Array.FindIndex(Scenarios, name => Plain(name) == Plain(scenario)) switch
    {
        7 => "lobbying",
        9 => "legal",
        10 => "financial",
        11 => "health",
        12 => "government",
        >= 0 => "general",
        _ => null,
    };

    // "01-Illegal_Activitiy" is the hub's "Illegal_Activitiy"
    private static string Plain(string scenario) =>
        (scenario.Length > 3 && char.IsAsciiDigit(scenario[0]) && scenario[2] == '-' ? scenario[3..] : scenario).ToLowerInvariant();

    private static string KindOf(string file)
    {
        string name = Path.GetFileNameWithoutExtension(file);
        return Kinds.Where(kind => name == kind || name.StartsWith(kind + "-", StringComparison.Ordinal)).MaxBy(kind => kind.Length)
            ?? throw new InvalidInputException($"{file}: is none of the splits {string.Join(", ", Kinds)}.");
    }

    private static Dictionary<string, HashSet<string>> Tiny(BenchmarkFiles files)
    {
        string list = files.Find("TinyVersion_ID_List.json", "data/TinyVersion_ID_List.json");
        return files.Rows(list).GroupBy(row => row.Need("Scenario"))
            .ToDictionary(group => group.Key, group => group.SelectMany(row => row.Texts("Sampled_ID_List")).ToHashSet());
    }
}
