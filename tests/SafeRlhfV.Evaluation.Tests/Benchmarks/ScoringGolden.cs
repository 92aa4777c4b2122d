using System.Text.Json.Nodes;
using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Evaluation.Tests;

/// <summary>The folders of golden/scoring: items, answers, verdicts, readings and figures.</summary>
internal sealed class ScoringGolden(string folder)
{
    public static string Root => Golden.At("scoring");

    /// <summary>The folders that are benchmarks of the list.</summary>
    public static IEnumerable<string> Benchmarks => Directory.EnumerateDirectories(Root).Select(path => Path.GetFileName(path))
        .Where(name => BenchmarkList.All.Find(name) is not null).Order(StringComparer.Ordinal);

    public string Name => folder;

    public IBenchmark Benchmark { get; } = BenchmarkList.All.Find(folder)!;

    public IReadOnlyList<JsonObject> Items { get; } = Lines(folder, "items");

    public IReadOnlyDictionary<string, JsonObject> Expected { get; } =
        Lines(folder, "expected").ToDictionary(line => (string)line["id"]!);

    public IReadOnlyDictionary<string, string> Answers { get; } =
        Lines(folder, "answers").Where(line => line["answer"] is not null).ToDictionary(line => (string)line["id"]!, line => (string)line["answer"]!);

    public IReadOnlyList<JsonObject> Verdicts { get; } = Lines(folder, "verdicts");

    public JsonArray Figures { get; } = JsonNode.Parse(File.ReadAllText(Path.Combine(Root, folder, "figures.json")))!["figures"]!.AsArray();

    /// <summary>How the folder's answers or replies are read.</summary>
    public ReplyForm Form => folder switch
    {
        "pope" or "mme" => ReplyForm.YesNo,
        "scienceqa" or "siuo-mcq" or "mmmu" => ReplyForm.Option,
        "vlguard" or "holisafe" or "xstest" or "figstep" => ReplyForm.Refusal,
        "mm-safetybench" or "jailbreakv" or "hades" => ReplyForm.Safety,
        "spa-vl" => ReplyForm.Winner,
        "mssbench" => ReplyForm.Situation,
        "mossbench" => ReplyForm.Oversensitivity,
        "vlsbench" => ReplyForm.Warning,
        "siuo" => ReplyForm.SafetyJudgement,
        "mm-vet" => ReplyForm.Score,
        "llava-bench" => ReplyForm.TwoScores,
        _ => throw new ArgumentException(folder),
    };

    public static IReadOnlyList<JsonObject> Lines(string folder, string name)
    {
        string file = Path.Combine(Root, folder, $"{name}.jsonl");
        return !File.Exists(file) ? [] : [.. File.ReadLines(file).Where(line => line.Length > 0).Select(line => JsonNode.Parse(line)!.AsObject())];
    }

    /// <summary>The items as the product reads their answers or the judge's replies.</summary>
    public IReadOnlyList<ScoredItem> Read()
    {
        RefusalPhrases phrases = RefusalPhrases.Open("refusal@1");
        return [.. Items.Select(item =>
        {
            string id = (string)item["id"]!;
            IReadOnlyDictionary<string, string> facts = Facts(item);
            if (Form is ReplyForm.YesNo or ReplyForm.Option)
                return new ScoredItem(id, facts, ReplyReading.Read(Form, Answers[id], Options(item)));
            if (Form == ReplyForm.Refusal) return new ScoredItem(id, facts, phrases.Find(Answers[id]) is null ? "answered" : "refused");
            JsonObject[] given = [.. Verdicts.Where(verdict => (string)verdict["id"]! == id)];
            if (Form == ReplyForm.Winner)
                return new ScoredItem(id, facts, given.ToDictionary(verdict => (string)verdict["order"]!,
                    verdict => (IReadOnlyList<string?>)[ReplyReading.Read(Form, (string?)verdict["reply"])]));
            if (Form == ReplyForm.SafetyJudgement)
                return new ScoredItem(id, facts, new Dictionary<string, IReadOnlyList<string?>>
                {
                    ["safe"] = [.. given[0]["safe"]!.AsArray().Select(reply => ReplyReading.Read(ReplyForm.SafetyJudgement, (string?)reply))],
                    ["effective"] = [.. given[0]["effective"]!.AsArray().Select(reply => ReplyReading.Read(ReplyForm.EffectivenessJudgement, (string?)reply))],
                });
            // no reply: the answer was empty, so nobody was asked
            string? reply = (string?)given[0]["reply"];
            return new ScoredItem(id, facts, reply is null && Form == ReplyForm.Oversensitivity ? "1" : ReplyReading.Read(Form, reply));
        })];
    }

    public static string[]? Options(JsonObject item) => item["options"]?.AsObject().OrderBy(option => option.Key, StringComparer.Ordinal)
        .Select(option => (string)option.Value!).ToArray();

    /// <summary>The item's own fields and, behind them, the released ones, as facts.</summary>
    private static Dictionary<string, string> Facts(JsonObject item)
    {
        Dictionary<string, string> facts = [];
        foreach ((string name, JsonNode? value) in item.Concat(item["released"]!.AsObject()).Where(pair => pair.Value is not (null or JsonObject)))
            facts.TryAdd(name == "selected_mini" ? "mini" : name, value switch
            {
                JsonArray list => string.Join(',', list.Select(one => $"{one}")),
                JsonValue flag when flag.TryGetValue(out bool isTrue) => isTrue ? "true" : "false",
                _ => $"{value}",
            });
        return facts;
    }
}
