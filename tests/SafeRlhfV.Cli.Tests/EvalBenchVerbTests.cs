using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Annotation.Tests;
using SafeRlhfV.Evaluation;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class EvalBenchVerbTests : IDisposable
{
    private static readonly string Model = Golden.At("models", "qwen2.5-vl-tiny"), Layouts = Golden.At("formats", "benchmarks");

    private const string Dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    private readonly TemporaryFolder folder = new();

    public static IEnumerable<TheoryDataRow<string>> Cases => All.Select(golden => new TheoryDataRow<string>((string)golden["case"]!));

    private static IEnumerable<JsonObject> All => JsonNode.Parse(File.ReadAllText(Golden.At("formats", "cases.json")))!.AsArray()
        .Select(golden => golden!.AsObject()).Where(golden => (string)golden["format"]! == "benchmarks");

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task ImagesThatLieElsewhereAreAskedForWithTheirFolder()
    {
        File.WriteAllText(folder.At("own.jsonl"), """
            {"question":"What is this?","image":"../elsewhere/a.png"}
            {"question":"And this?","image":"gone.png"}
            """);
        await CapturedConsole.RefusedAsync(["image-outside 1, image-missing 1", "--images FOLDER"], "eval", "bench", "--suite", "rows", "--data",
            folder.At("own.jsonl"), "--model", "m", "--model-endpoint", "http://127.0.0.1:1/v1", "--scorer", "phrases:refusal", "--out", folder.At("result"));
    }

    [Fact]
    public async Task TheListNamesWhatEachBenchmarkNeedsAndGives()
    {
        (int code, JsonElement list) = await CapturedConsole.JsonAsync("eval", "bench", "--list");
        Assert.Equal(0, code);
        Assert.True(list.GetArrayLength() >= 18);
        Assert.All(list.EnumerateArray(), one => Assert.All((string[])["name", "files", "figures", "measures"], name =>
            Assert.True(one.GetProperty(name).GetString()!.Length > 0)));
        Assert.All(list.EnumerateArray(), one => Assert.True(one.GetProperty("scorers").GetArrayLength() > 0));
        (code, string output, _) = await CapturedConsole.RunAsync("eval", "bench", "--list");
        Assert.Equal(0, code);
        Assert.All(list.EnumerateArray(), one => Assert.Contains(one.GetProperty("name").GetString()!, output, StringComparison.Ordinal));
        (code, output, _) = await CapturedConsole.RunAsync("eval", "bench", "--show-rubric", "safety");
        Assert.Equal(0, code);
        Assert.Contains("verdict: unsafe", output, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Cases))]
    public async Task EveryReleasedLayoutRunsWithALocalModelAndAJudge(string name)
    {
        await using FakeChatServer judge = await FakeChatServer.StartAsync();
        judge.Reply = Judge;
        JsonObject golden = All.Single(one => (string)one["case"]! == name);
        string suite = (string)golden["from"]!;
        List<string> arguments = [.. Bench(suite, Path.Combine(Layouts, (string)golden["input"]!), judge), "--model", Model, "--max-new-tokens", "3",
            "--temperature", "0", "--all-splits"];
        if ((string?)golden["options"]!["images"] is { } images) arguments.AddRange("--images", Path.Combine(Layouts, images));
        (int code, string output, string errors) = await CapturedConsole.RunAsync([.. arguments, "--json"]);
        Assert.True(code == 0, errors);
        JsonNode report = JsonNode.Parse(output)![0]!;
        Assert.Equal((int)golden["rows_kept"]!, (int)report["items"]!);
        Assert.Equal(0, (int)report["answers"]!["error"]!);
        Assert.NotEmpty(report["scorers"]!.AsArray());
        Assert.All(report["scorers"]!.AsArray(), scorer => Assert.NotEmpty(scorer!["figures"]!.AsArray()));
        Assert.True(JsonNode.DeepEquals(report, JsonNode.Parse(File.ReadAllText(Path.Combine(folder.At("result"), suite, "figures.json")))));
        IReadOnlyList<ResultItem> byItem = ResultItems.Read(Path.Combine(folder.At("result"), suite, "items.jsonl"));
        Assert.Equal((int)report["items"]!, byItem.Count);
        Assert.All(byItem, item => Assert.NotEmpty(item.Answers));
        foreach (JsonNode? scorer in report["scorers"]!.AsArray())
        {
            ItemReading[] readings = [.. byItem.SelectMany(item => item.Scorers).Where(reading => reading.Scorer == (string?)scorer!["scorer"])];
            foreach (VerdictStatus status in Enum.GetValues<VerdictStatus>())
                Assert.Equal((int)scorer![status.ToString().ToLowerInvariant()]!,
                    readings.SelectMany(reading => reading.Verdicts).Count(verdict => verdict.Status == status));
            // the figures follow from the items
            IReadOnlyList<Figure> figures = BenchmarkList.All.Find(suite)!.Measure(readings[0].Form,
                [.. byItem.Select(item => item.By((string)scorer!["scorer"]!)).OfType<ScoredItem>()]);
            Assert.Equal(scorer!["figures"]!.AsArray().Select(figure => (double?)figure!["value"] ?? double.NaN),
                figures.Select(figure => figure.Values.Count == 1 && double.IsFinite(figure.Value) ? figure.Value : double.NaN));
        }

        // nothing is generated or asked twice
        int asked = judge.Requests.Count;
        (code, output, errors) = await CapturedConsole.RunAsync([.. arguments, "--json"]);
        Assert.True(code == 0, errors);
        Assert.Equal(asked, judge.Requests.Count);
        Assert.Contains("nothing was generated", errors, StringComparison.Ordinal);
        Assert.True(JsonNode.DeepEquals(report, JsonNode.Parse(output)![0]));
    }

    [Fact]
    public async Task AStoppedRunGoesOnWhereItStopped()
    {
        await using FakeChatServer judge = await FakeChatServer.StartAsync(), model = await FakeChatServer.StartAsync();
        (judge.Reply, model.Reply) = (Judge, _ => "A short answer.");
        string[] arguments = [.. Bench("vlguard", Path.Combine(Layouts, "vlguard"), judge), .. Service(model), "--all-splits", "--batch-size", "1",
            "--concurrency", "1"];
        model.Fault = async (http, _, number) => number == 2 && await FakeChatServer.ErrorAsync(http, 401, "no");
        (int code, _, string errors) = await CapturedConsole.RunAsync(arguments);
        Assert.True(code == 1, errors);
        judge.Fault = async (http, _, number) => number == 3 && await FakeChatServer.ErrorAsync(http, 401, "no");
        (code, _, errors) = await CapturedConsole.RunAsync(arguments);
        Assert.True(code == 1, errors);
        Assert.Contains("resumes after 2 items", errors, StringComparison.Ordinal);
        (code, string output, errors) = await CapturedConsole.RunAsync([.. arguments, "--json"]);
        Assert.True(code == 0, errors);
        int items = (int)JsonNode.Parse(output)![0]!["items"]!;
        Assert.Equal((items + 1, items + 1), (model.Requests.Count, judge.Requests.Count));
    }

    [Fact]
    public async Task ShardsGiveTheFiguresOfTheWhole()
    {
        await using FakeChatServer judge = await FakeChatServer.StartAsync(), model = await FakeChatServer.StartAsync();
        (judge.Reply, model.Reply) = (Judge, body => $"{FakeChatServer.WordsOf(body)} is what was asked.");
        string data = Path.Combine(Layouts, "mm-safetybench");
        string[] whole = [.. Bench("mm-safetybench", data, judge), .. Service(model), "--json"];
        (int code, string output, string errors) = await CapturedConsole.RunAsync(whole);
        Assert.True(code == 0, errors);
        JsonNode figures = JsonNode.Parse(output)![0]!["scorers"]!;
        int asked = judge.Requests.Count;
        foreach (string part in (string[])["1/2", "2/2"])
        {
            (code, _, errors) = await CapturedConsole.RunAsync([.. Bench("mm-safetybench", data, judge, "parts"), .. Service(model), "--shard", part]);
            Assert.True(code == 0, errors);
        }
        Assert.Equal(2 * asked, judge.Requests.Count);
        (code, output, errors) = await CapturedConsole.RunAsync(["eval", "score", .. Bench("mm-safetybench", data, judge, "parts")[2..], "--json"]);
        Assert.True(code == 0, errors);
        Assert.Equal(2 * asked, judge.Requests.Count);
        Assert.True(JsonNode.DeepEquals(figures, JsonNode.Parse(output)![0]!["scorers"]), output);
    }

    [Fact]
    public async Task APartOfTheAnswersIsCountedAndShardsOfAnotherModelAreRefused()
    {
        await using FakeChatServer model = await FakeChatServer.StartAsync();
        model.Reply = _ => "Yes.";
        string[] pope = ["--suite", "pope", "--data", Path.Combine(Layouts, "pope"), "--images", Path.Combine(Layouts, "pope", "val2014"), "--out",
            folder.At("parts")];
        (int code, _, string errors) = await CapturedConsole.RunAsync(["eval", "answers", .. pope, .. Service(model), "--shard", "1/2"]);
        Assert.True(code == 0, errors);
        (code, string output, errors) = await CapturedConsole.RunAsync(["eval", "score", .. pope, "--json"]);
        Assert.True(code == 0, errors);
        Assert.True((int)JsonNode.Parse(output)![0]!["items_without_answer"]! > 0, output);
        Assert.Contains("items have no answer", errors, StringComparison.Ordinal);
        (code, _, errors) = await CapturedConsole.RunAsync(["eval", "answers", .. pope, "--model", "another", "--model-endpoint", model.Address, "--shard",
            "2/2"]);
        Assert.True(code == 0, errors);
        (code, _, errors) = await CapturedConsole.RunAsync(["eval", "score", .. pope]);
        Assert.Equal(2, code);
        Assert.Contains("differ in model", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ABaselineOfTwoModelsAndTheResultItselfAreRefused()
    {
        await using FakeChatServer judge = await FakeChatServer.StartAsync(), model = await FakeChatServer.StartAsync();
        model.Reply = _ => "An answer.";
        string data = Path.Combine(Layouts, "vlguard");
        foreach ((string name, string result, string[] part) in ((string, string, string[])[])[("one", "result", []), ("one", "base", ["--shard", "1/2"]),
            ("two", "base", ["--shard", "2/2"])])
        {
            (int made, _, string said) = await CapturedConsole.RunAsync(["eval", "answers", "--suite", "vlguard", "--data", data, "--out", folder.At(result),
                "--all-splits", "--model", name, "--model-endpoint", model.Address, .. part]);
            Assert.True(made == 0, said);
        }
        string[] scoring = ["eval", "score", .. Bench("vlguard", data, judge)[2..], "--all-splits", "--scorer", "judge:helpfulness-pair", "--baseline"];
        await CapturedConsole.RefusedAsync(["base", "differ in model"], [.. scoring, folder.At("base")]);
        await CapturedConsole.RefusedAsync(["is the result itself"], [.. scoring, folder.At("result")]);
        Assert.Empty(judge.Requests);
    }

    [Fact]
    public async Task AnswersToOtherSplitsOrImagesAreNotTakenForTheWhole()
    {
        await using FakeChatServer model = await FakeChatServer.StartAsync();
        string[] arguments = ["eval", "answers", "--suite", "pope", "--data", Path.Combine(Layouts, "pope"), .. Service(model), "--out", folder.At("result")];
        string images = Path.Combine(Layouts, "pope", "val2014");
        string[] part = [.. arguments, "--images", images, "--split", "random"];
        (int code, _, string errors) = await CapturedConsole.RunAsync(part);
        Assert.True(code == 0, errors);
        int asked = model.Requests.Count;
        (code, _, errors) = await CapturedConsole.RunAsync(part);
        Assert.True(code == 0, errors);
        await CapturedConsole.RefusedAsync(["other settings (splits: random then, none now)"], [.. arguments, "--images", images]);
        Directory.CreateDirectory(folder.At("others"));
        await CapturedConsole.RefusedAsync(["other settings (images:"], [.. arguments, "--images", folder.At("others"), "--split", "random"]);
        Assert.Equal(asked, model.Requests.Count);
    }

    [Fact]
    public async Task AScorerThatFitsNoItemIsRefused()
    {
        await using FakeChatServer model = await FakeChatServer.StartAsync();
        model.Reply = _ => "Yes.";
        string[] pope = ["--suite", "pope", "--data", Path.Combine(Layouts, "pope"), "--images", Path.Combine(Layouts, "pope", "val2014"), "--out",
            folder.At("unfit")];
        (int code, _, string errors) = await CapturedConsole.RunAsync(["eval", "bench", .. pope, .. Service(model), "--scorer", "exact:option"]);
        Assert.Equal(2, code);
        Assert.Contains("exact:option fits none of its", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnswersAreMadeOnceAndScoredInSeveralWaysBesideOtherHarnesses()
    {
        await using FakeChatServer model = await FakeChatServer.StartAsync(), judge = await FakeChatServer.StartAsync();
        (model.Reply, judge.Reply) = (_ => "Yes.", Judge);
        string[] pope = ["--suite", "pope", "--data", Path.Combine(Layouts, "pope"), "--images", Path.Combine(Layouts, "pope", "val2014"), "--out",
            folder.At("result")];
        (int code, _, string errors) = await CapturedConsole.RunAsync(["eval", "answers", .. pope, .. Service(model)]);
        Assert.True(code == 0, errors);
        int answered = model.Requests.Count;
        (code, string output, errors) = await CapturedConsole.RunAsync(["eval", "score", .. pope, "--as", "lmms-eval", "--as", "vlmevalkit"]);
        Assert.True(code == 0, errors);
        Assert.Contains("as lmms-eval 0.7.3: accuracy, split random 0 (fraction); ours 0.5", output, StringComparison.Ordinal);
        Assert.Contains("as ms-vlmeval 0.0.20: accuracy, split random 50 (percent); ours 0.5", output, StringComparison.Ordinal);
        (code, output, errors) = await CapturedConsole.RunAsync(["eval", "score", .. pope, "--json", "--scorer", "phrases:refusal@1", "exact:yes-no"]);
        Assert.True(code == 0, errors);
        Assert.Equal(["phrases:refusal@1", "exact:yes-no"],
            JsonNode.Parse(output)![0]!["scorers"]!.AsArray().Select(scorer => (string)scorer!["scorer"]!));
        Assert.Equal(answered, model.Requests.Count);
    }

    [Fact]
    public async Task PairsAreAskedInBothOrdersAgainstABaseline()
    {
        await using FakeChatServer judge = await FakeChatServer.StartAsync(), model = await FakeChatServer.StartAsync();
        judge.Reply = body => FakeChatServer.WordsOf(body).IndexOf("better", StringComparison.Ordinal)
            < FakeChatServer.WordsOf(body).IndexOf("second answer", StringComparison.Ordinal) ? "[[A]]" : "[[B]]";
        string data = Path.Combine(Layouts, "vlguard");
        foreach ((string result, string text) in ((string, string)[])[("result", "A better answer."), ("base", "An answer.")])
        {
            model.Reply = _ => text;
            (int made, _, string said) = await CapturedConsole.RunAsync(["eval", "answers", "--suite", "vlguard", "--data", data, "--out", folder.At(result),
                .. Service(model), "--all-splits"]);
            Assert.True(made == 0, said);
        }
        (int code, string output, string errors) = await CapturedConsole.RunAsync(["eval", "score", .. Bench("vlguard", data, judge)[2..], "--all-splits",
            "--baseline", folder.At("base"), "--scorer", "judge:helpfulness-pair", "--json"]);
        Assert.True(code == 0, errors);
        JsonNode won = JsonNode.Parse(output)![0]!["scorers"]![0]!["figures"]!.AsArray().First(figure => (string)figure!["name"]! == "win_rate")!;
        Assert.Equal(1, (double)won["value"]!);
        Assert.Equal(4, judge.Requests.Count); // two harmless items, in both orders
    }

    [Fact]
    public async Task AGuardOfAServiceScoresBesidePhrasesAndWhatItSaysUnreadablyIsCounted()
    {
        await using FakeChatServer guard = await FakeChatServer.StartAsync(), model = await FakeChatServer.StartAsync();
        int number = 0;
        guard.Reply = _ => Interlocked.Increment(ref number) switch
        {
            1 => "no JSON",
            2 => """{"unsafe":false,"probability":0.1,"severity":"none","categories":[],"reason":"declines"}""",
            _ => """{"unsafe":true,"probability":0.9,"severity":"minor","categories":[],"reason":"helps"}""",
        };
        model.Reply = _ => "I'm sorry, but I can't help with that.";
        (int code, string output, string errors) = await CapturedConsole.RunAsync("eval", "bench", "--suite", "mis", "--data", Path.Combine(Layouts,
            "mis"), "--out",
            folder.At("result"), "--model", "a-model", "--model-endpoint", model.Address, "--guard", guard.Address, "--guard-model", "a-guard", "--json");
        Assert.True(code == 0, errors);
        JsonNode report = JsonNode.Parse(output)![0]!;
        Assert.Equal(["guard:chat-judge", "phrases:refusal@1"], report["scorers"]!.AsArray().Select(scorer => (string)scorer!["scorer"]!));
        Assert.Equal((1, (int)report["items"]! - 1), ((int)report["scorers"]![0]!["unparsed"]!, (int)report["scorers"]![0]!["read"]!));
        Assert.Equal(1, (double)report["answers"]!["refusalOfHarmful"]!["value"]!);
        Assert.Contains("a-model at", (string)report["model"]!, StringComparison.Ordinal);
        Assert.Contains("judge:safety left out", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AGuardIsMeasuredAgainstTheBenchmarksLabels()
    {
        await using FakeChatServer guard = await FakeChatServer.StartAsync(), model = await FakeChatServer.StartAsync();
        guard.Reply = _ => """{"unsafe":true,"probability":0.9,"severity":"minor","categories":[],"reason":"always"}""";
        model.Reply = _ => "A short answer.";
        (int code, string output, string errors) = await CapturedConsole.RunAsync("eval", "bench", "--suite", "vlguard", "--data", Path.Combine(Layouts,
            "vlguard"), "--out", folder.At("result"), "--model", "a-model", "--model-endpoint", model.Address, "--guard", guard.Address, "--guard-model",
            "a-guard", "--scorer", "guard-prompts", "--json");
        Assert.True(code == 0, errors);
        JsonNode scorer = Assert.Single(JsonNode.Parse(output)![0]!["scorers"]!.AsArray())!;
        Assert.Equal("guard-prompts:chat-judge", (string)scorer["scorer"]!);
        double Value(string name) => (double)scorer["figures"]!.AsArray().Single(figure => (string)figure!["name"]! == name
            && figure["part"]!.AsObject().Count == 0)!["value"]!;
        Assert.Equal((1, 1, 0.5), (Value("recall"), Value("fpr"), Value("auroc")));
        Assert.InRange(Value("precision"), 0.1, 0.9); // the layout has harmless rows and harmful ones
    }

    [Fact]
    public async Task MistakesAreOneLineEachBeforeAnythingIsAsked()
    {
        string data = Path.Combine(Layouts, "pope"), result = folder.At("result");
        async Task Refused(string said, params string[] arguments) =>
            await CapturedConsole.RefusedAsync([said], ["eval", .. arguments]);
        await Refused("--suite", "bench", "--data", data, "--out", result, "--model", Model);
        await Refused("no such benchmark", "bench", "--suite", "no-such", "--data", data, "--out", result, "--model", Model);
        await Refused("--data", "bench", "--suite", "pope", "--out", result, "--model", Model);
        await Refused("--out", "bench", "--suite", "pope", "--data", data, "--model", Model);
        await Refused("--model", "bench", "--suite", "pope", "--data", data, "--out", result);
        await Refused("give a part such as 2/4", "bench", "--suite", "pope", "--data", data, "--out", result, "--model", Model, "--shard", "3/2");
        await Refused("is scored by judge:mm-vet; give --judge.", "bench", "--suite", "mm-vet", "--data", data, "--out", result, "--model", Model);
        await Refused("no such harness", "bench", "--suite", "pope", "--data", data, "--out", result, "--model", Model, "--as", "other");
        await Refused("without a smaller part", "bench", "--suite", "pope", "--data", data, "--out", result, "--model", Model, "--subset");
        await Refused("holds no answers", "score", "--suite", "pope", "--data", data, "--out", result);
        await Refused("no such folder", "answers", "--suite", "pope,mme", "--data", data, "--out", result, "--model", Model);
        await Refused("no such rubric", "bench", "--suite", "pope", "--data", data, "--out", result, "--model", Model, "--judge", "x", "--rubric",
            "nowhere.md");
        await Refused("--guard-model", "bench", "--suite", "pope", "--data", data, "--out", result, "--model", Model, "--guard", "http://127.0.0.1:1/v1");
        Assert.False(Directory.Exists(result));
    }

    [Fact]
    public async Task EveryInputIsCheckedBeforeTheFirstAnswer()
    {
        await using FakeChatServer model = await FakeChatServer.StartAsync();
        File.WriteAllText(folder.At("bare.tsv"), $"index\tquestion\timage\tA\tB\n1\tWhich?\t{Dot}\tone\ttwo\n");
        File.WriteAllText(folder.At("blank.tsv"), $"index\tquestion\timage\tA\tB\tanswer\n1\tWhich?\t{Dot}\tone\ttwo\t\n");
        File.WriteAllText(folder.At("odd.txt"), "an {open bracket\n");
        Directory.CreateDirectory(folder.At("empty"));
        string vlguard = Path.Combine(Layouts, "vlguard"), judge = "http://127.0.0.1:1/v1";
        foreach ((string said, string[] arguments) in ((string, string[])[])
        [
            ("there is no such folder", ["vlguard", vlguard, "--guard", folder.At("gone")]),
            ("guard_config.json", ["vlguard", vlguard, "--guard", Model]),
            ("holds no answers", ["vlguard", vlguard, "--judge", "j", "--endpoint", judge, "--baseline", folder.At("empty")]),
            ("is no list of phrases", ["vlguard", vlguard, "--scorer", "phrases:nowhere.txt"]),
            ("open or stray bracket", ["vlguard", vlguard, "--scorer", $"phrases:{folder.At("odd.txt")}"]),
            ("no such rubric", ["vlguard", vlguard, "--judge", "j", "--endpoint", judge, "--scorer", "judge:no-such"]),
            ("there is no such folder", ["vlguard", vlguard, "--judge", folder.At("gone")]),
            ("fits none of its items", ["vlmevalkit", folder.At("bare.tsv")]),
            ("fits none of its items", ["vlmevalkit", folder.At("blank.tsv")]),
        ])
        {
            await CapturedConsole.RefusedAsync([said], ["eval", "bench", "--suite", arguments[0], "--data", arguments[1], "--out", folder.At("result"),
                .. Service(model), .. arguments[2..]]);
            Assert.Empty(model.Requests);
            Assert.False(Directory.Exists(folder.At("result")));
        }
    }

    [Fact]
    public async Task TheOptionThatAScorerLacksIsNamed()
    {
        await using FakeChatServer model = await FakeChatServer.StartAsync(), judge = await FakeChatServer.StartAsync();
        (model.Reply, judge.Reply) = (_ => "No.", Judge);
        (int code, _, string errors) = await CapturedConsole.RunAsync([.. Bench("vlguard", Path.Combine(Layouts, "vlguard"), judge), .. Service(model),
            "--all-splits"]);
        Assert.True(code == 0, errors);
        Assert.Contains("vlguard: guard, judge:helpfulness-pair, guard-prompts left out; they need --guard, --baseline.", errors, StringComparison.Ordinal);
        await CapturedConsole.RefusedAsync(["--scorer judge:helpfulness-pair needs --baseline."], [.. Bench("vlguard", Path.Combine(Layouts, "vlguard"), judge),
            .. Service(model), "--scorer", "judge:helpfulness-pair"]);
    }

    [Fact]
    public async Task TwoProcessesInOneResultAreToldApartFromADiskThatRefuses()
    {
        await using FakeChatServer model = await FakeChatServer.StartAsync();
        string result = folder.At("result", "pope");
        Directory.CreateDirectory(result);
        string partial = Path.Combine(result, "answers.jsonl.partial");
        byte[] held = "held"u8.ToArray();
        using (FileStream other = new(partial, FileMode.Create, FileAccess.ReadWrite, FileShare.None))
        {
            other.Write(held);
            other.Flush();
            foreach (string overwrite in (string[])["", "--overwrite"])
                await CapturedConsole.RefusedAsync(["another process is writing it"], ["eval", "answers", "--suite", "pope", "--data",
                    Path.Combine(Layouts, "pope"), "--images", Path.Combine(Layouts, "pope", "val2014"), "--out", folder.At("result"), .. Service(model),
                    .. overwrite.Length > 0 ? [overwrite] : Array.Empty<string>()]);
        }
        Assert.Equal(held, File.ReadAllBytes(partial));
    }

    [Fact]
    public async Task AnIntervalThatSaysNothingIsNotPrinted()
    {
        await using FakeChatServer model = await FakeChatServer.StartAsync();
        model.Reply = _ => "I cannot tell.";
        (int code, string output, string errors) = await CapturedConsole.RunAsync(["eval", "bench", "--suite", "mme", "--data",
            Path.Combine(Layouts, "mme-folder"), "--out", folder.At("result"), .. Service(model)]);
        Assert.True(code == 0, errors);
        Assert.DoesNotContain(" 0 to 0 ", output, StringComparison.Ordinal);
        Assert.Matches("none: all [0-9]+ alike", output);
    }

    private string[] Bench(string suite, string data, FakeChatServer judge, string result = "result") =>
        ["eval", "bench", "--suite", suite, "--data", data, "--judge", "a-judge", "--endpoint", judge.Address, "--out", folder.At(result)];

    private static string[] Service(FakeChatServer model) => ["--model", "a-model", "--model-endpoint", model.Address];

    // each rubric says how it wants its reply
    private static string Judge(JsonObject body)
    {
        string asked = body["messages"]![0]!["content"]!.ToJsonString();
        return asked.Contains("verdict: safe", StringComparison.Ordinal)
            ? $"verdict: {(FakeChatServer.HashOf(body)[0] < '8' ? "safe" : "unsafe")}" : "I would rather not say.";
    }
}
