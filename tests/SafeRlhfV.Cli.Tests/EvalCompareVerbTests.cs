using System.Text.Json.Nodes;
using SafeRlhfV.Annotation.Tests;
using SafeRlhfV.Data;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary><c>eval compare</c> from the command line, over results that <c>eval bench</c> and <c>eval judge</c> wrote.</summary>
[Collection(CapturedConsole.Name)]
public sealed class EvalCompareVerbTests : IDisposable
{
    private const string Refusal = "I'm sorry, but I can't help with that.";
    private static readonly string Layouts = Golden.At("formats", "benchmarks"), Pairs = Golden.At("beavertails-v", "paired");

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task ThreeResultsAreOnePageWithoutNetworkAccess()
    {
        await BenchAsync("start", _ => "Here is what you asked for.", "vlguard");
        await BenchAsync("careful", _ => Refusal, "vlguard");
        await BenchAsync("same", _ => "Here is what you asked for.", "vlguard");
        (int code, string output, string errors) = await CapturedConsole.RunAsync("eval", "compare", folder.At("start"), folder.At("careful"),
            $"third={folder.At("same")}", "--out", folder.At("page"));
        Assert.True(code == 0, errors);
        Assert.Equal(folder.At("page", "index.html") + "\n", output);
        string page = File.ReadAllText(folder.At("page", "index.html"));
        Assert.StartsWith("<!doctype html>", page);
        foreach (string reference in (string[])["src=\"http", "href=\"http", "url(", "@import", "<script", "src=\"//", "unsafe-inline"])
            Assert.DoesNotContain(reference, page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("default-src 'none'", page, StringComparison.Ordinal);
        Assert.Contains("prefers-color-scheme: dark", page, StringComparison.Ordinal);
        Assert.Contains("@media print", page, StringComparison.Ordinal);
        Assert.Contains("<label class=\"shade\"><input type=\"checkbox\" aria-label=\"Show the image\"><img class=\"photo\" src=\"data:image/", page);
        Assert.Contains("id=\"blur\" checked", page, StringComparison.Ordinal);

        JsonNode results = JsonNode.Parse(File.ReadAllText(folder.At("page", "results.json")))!;
        Assert.Equal(["start", "careful", "third"], results["models"]!.AsArray().Select(model => (string)model!["name"]!));
        JsonNode suite = results["benchmarks"]!.AsArray().Single()!, scorer = suite["scorers"]!.AsArray().Single()!;
        int items = (int)suite["items"]!;
        Assert.Equal([0, 0, 0], suite["leftOut"]!.AsArray().Select(left => (int)left!));
        Assert.Equal([0, items, 0], scorer["changed"]!.AsArray().Select(changed => (int)changed!));
        JsonNode attack = scorer["figures"]!.AsArray().First(figure => (string?)figure!["name"] == "attack_success"
            && ((string)figure["part"]!).Contains("unsafes", StringComparison.Ordinal))!;
        Assert.False((bool)attack["higherIsBetter"]!);
        Assert.Equal([1.0, 0.0, 1.0], attack["values"]!.AsArray().Select(value => (double)value!["value"]!["value"]!));
        Assert.Equal([false, true, false], attack["values"]!.AsArray().Select(value => (bool)value!["isBest"]!));
        JsonNode difference = attack["values"]![1]!["difference"]!;
        Assert.Equal(("Bonett-Price", -1.0), ((string)difference["method"]!, (double)difference["value"]!["value"]!));
        Assert.True((double)difference["value"]!["low"]! < (double)difference["value"]!["high"]!);
        Assert.Null(attack["values"]![0]!["difference"]);
        Assert.Equal(0.0, (double)attack["values"]![2]!["difference"]!["value"]!["value"]!);

        // one answers all, the other refuses all: each wins an axis, and both are on the front
        JsonNode Cell(string axis, string row, string column) => results["wins"]!.AsArray().First(matrix => (string?)matrix!["axis"] == axis)!["cells"]!
            .AsArray().First(cell => (string?)cell!["row"] == row && (string?)cell["column"] == column)!["rate"]!;
        Assert.Equal((0, 1.0), ((int)Cell("harmless", "careful", "start")["losses"]!, (double)Cell("harmless", "careful", "start")["rate"]!["value"]!));
        Assert.Equal(0.0, (double)Cell("helpful", "careful", "start")["rate"]!["value"]!);
        Assert.Equal(0.5, (double)Cell("helpful", "third", "start")["rate"]!["value"]!);
        JsonNode plane = results["planes"]!.AsArray().Single()!;
        Assert.All(plane["points"]!.AsArray(), point => Assert.True((bool)point!["isOnFront"]!));
        Assert.Equal([(1.0, 0.0), (0.0, 1.0), (1.0, 0.0)],
            plane["points"]!.AsArray().Select(point => ((double)point!["helpful"]!["value"]!, (double)point["harmless"]!["value"]!)));
        Assert.Equal(items, results["gallery"]!.AsArray().Count);

        string markdown = File.ReadAllText(folder.At("page", "comparison.md"));
        Assert.Contains("| phrases:refusal@1 | start | careful | third |", markdown, StringComparison.Ordinal);
        await CapturedConsole.RefusedAsync(["--overwrite"], "eval", "compare", folder.At("start"), folder.At("same"), "--out", folder.At("page"));
    }

    [Fact]
    public async Task FoldersOfModelsAreShownByTheirNameAlone()
    {
        (string Result, string Model)[] models =
            [("start", Path.Combine(folder.Path, "base")), ("tuned", Path.Combine(folder.Path, "sft", "result"))];
        foreach ((string result, string model) in models)
        {
            await BenchAsync(result, _ => "Here it is.", "vlguard");
            string file = folder.At(result, "vlguard", "figures.json");
            JsonNode figures = JsonNode.Parse(File.ReadAllText(file))!;
            figures["model"] = model;
            File.WriteAllText(file, figures.ToJsonString());
        }
        (int code, _, string errors) = await CapturedConsole.RunAsync("eval", "compare", folder.At("start"), folder.At("tuned"), "--out", folder.At("page"));
        Assert.True(code == 0, errors);
        foreach (string file in Directory.EnumerateFiles(folder.At("page"))) Assert.DoesNotContain(folder.Path, File.ReadAllText(file));
        Assert.Equal(["base", "sft"],
            JsonNode.Parse(File.ReadAllText(folder.At("page", "results.json")))!["models"]!.AsArray().Select(model => (string)model!["model"]!));
        Assert.Contains("- **tuned**: sft\n", File.ReadAllText(folder.At("page", "comparison.md")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task OtherItemsAreLeftOutAndCountedAndNoCommonOnesAreAnError()
    {
        await BenchAsync("whole", _ => "Here it is.", "vlguard");
        await BenchAsync("part", _ => Refusal, "vlguard", "--limit", "2");
        (int code, string output, string errors) = await CapturedConsole.RunAsync("eval", "compare", folder.At("whole"), folder.At("part"), "--out",
            folder.At("page"), "--json");
        Assert.True(code == 0, errors);
        JsonNode suite = JsonNode.Parse(output)!["benchmarks"]![0]!;
        Assert.Equal(2, (int)suite["items"]!);
        int left = (int)suite["leftOut"]![0]!;
        Assert.True(left > 0);
        Assert.Contains($"vlguard: {left} item{(left == 1 ? "" : "s")} of whole left out; 2 in all results.", errors, StringComparison.Ordinal);
        Assert.Contains($"{left} of whole", File.ReadAllText(folder.At("page", "index.html")), StringComparison.Ordinal);

        // the items of a part that begins behind the other's
        string[] lines = File.ReadAllLines(folder.At("whole", "vlguard", "items.jsonl"));
        File.WriteAllLines(folder.At("whole", "vlguard", "items.jsonl"), lines[2..]);
        await CapturedConsole.RefusedAsync(["vlguard: whole and part have no item in common", "--suite"], "eval", "compare", folder.At("whole"),
            folder.At("part"), "--out", folder.At("other"));
        Assert.False(Path.Exists(folder.At("other")));
    }

    [Fact]
    public async Task JudgedPairsMakeMatricesPlaneAndAgreementWithPeople()
    {
        await using FakeChatServer server = await FakeChatServer.StartAsync();
        PreferenceDataset data = PreferenceDataset.Open(Pairs);
        // the answers are the data's own, so that the data's labels are people's about them
        foreach (int number in (int[])[1, 2])
            File.WriteAllLines(folder.At($"answers-{number}.jsonl"), data.ReadRows().Take(6).Select(row => new JsonObject
            {
                ["row"] = $"{row.Position}",
                ["question"] = row.Text("question"),
                ["response"] = row.Text($"response_{number}"),
            }.ToJsonString()));
        (int code, _, string errors) = await CapturedConsole.RunAsync("eval", "judge", "--data", Pairs, "--limit", "6", "--candidate",
            folder.At("answers-1.jsonl"), "--baseline", folder.At("answers-2.jsonl"), "--candidate-name", "one", "--baseline-name", "two", "--judge", "a-judge",
            "--endpoint", server.Address, "--probes", "0", "--out", folder.At("judged"));
        Assert.True(code == 0, errors);
        (code, string output, errors) = await CapturedConsole.RunAsync("eval", "compare", folder.At("judged"), "--people", Pairs, "--out", folder.At("page"),
            "--json");
        Assert.True(code == 0, errors);
        JsonNode results = JsonNode.Parse(output)!;
        Assert.Equal(["helpful", "harmless"], results["wins"]!.AsArray().Select(matrix => (string)matrix!["axis"]!));
        Assert.All(results["wins"]!.AsArray(), matrix => Assert.Equal(2, matrix!["cells"]!.AsArray().Count));
        Assert.Equal("Win rates over two", (string)results["planes"]![0]!["title"]!);
        Assert.Equal(2, results["planes"]![0]!["points"]!.AsArray().Count);
        Assert.Equal(["more helpful", "safer"], results["people"]!.AsArray().Select(one => (string)one!["about"]!));
        Assert.All(results["people"]!.AsArray(), one => Assert.Equal(6, (int)one!["items"]!));
        Assert.Contains("Do they agree with people?", File.ReadAllText(folder.At("page", "index.html")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task JudgeGuardAndPhrasesAgreeAsTheirReadingsDo()
    {
        await using FakeChatServer judge = await FakeChatServer.StartAsync(), guard = await FakeChatServer.StartAsync();
        guard.Reply = body => FakeChatServer.WordsOf(body).Contains("can't help", StringComparison.Ordinal)
            ? """{"unsafe":false,"probability":0.1,"severity":"none","categories":[],"reason":"declines"}"""
            : """{"unsafe":true,"probability":0.9,"severity":"minor","categories":[],"reason":"helps"}""";
        judge.Reply = body => FakeChatServer.WordsOf(body).Contains("can't help", StringComparison.Ordinal) ? "verdict: safe" : "verdict: unsafe";
        string[] judged = ["--judge", "a-judge", "--endpoint", judge.Address, "--guard", guard.Address, "--guard-model", "a-guard"];
        await BenchAsync("start", _ => "Here it is.", "vlguard", judged);
        await BenchAsync("careful", _ => Refusal, "vlguard", judged);
        (int code, string output, string errors) = await CapturedConsole.RunAsync("eval", "compare", folder.At("start"), folder.At("careful"), "--out",
            folder.At("page"), "--json", "--people", Pairs);
        Assert.Equal(CliHost.BadInput, code);
        Assert.Contains("none of its answers is one of the results'", errors, StringComparison.Ordinal);
        (code, output, errors) = await CapturedConsole.RunAsync("eval", "compare", folder.At("start"), folder.At("careful"), "--out", folder.At("page"),
            "--json");
        Assert.True(code == 0, errors);
        JsonNode[] agreement = [.. JsonNode.Parse(output)!["agreement"]!.AsArray().Select(pair => pair!)];
        Assert.Equal([("phrases:refusal@1", "judge:safety"), ("phrases:refusal@1", "guard:chat-judge"), ("judge:safety", "guard:chat-judge")],
            agreement.Select(pair => ((string)pair["first"]!, (string)pair["second"]!)));
        Assert.All(agreement, pair => Assert.Equal((1.0, 1.0), ((double)pair["kappa"]!["value"]!, (double)pair["equal"]!)));
        Assert.All(agreement, pair => Assert.Equal(2 * (int)pair["items"]!, (int)pair["labels"]!));
        // what a guard says of prompts is no figure of a model
        Assert.Contains("guard-prompts:chat-judge judges prompts", errors, StringComparison.Ordinal);
        Assert.DoesNotContain(JsonNode.Parse(output)!["benchmarks"]![0]!["scorers"]!.AsArray(),
            scorer => ((string)scorer!["scorer"]!).StartsWith("guard-prompts", StringComparison.Ordinal));

        // another rubric is another scorer of the same name
        JsonNode figures = JsonNode.Parse(File.ReadAllText(folder.At("careful", "vlguard", "figures.json")))!;
        figures["scorers"]!.AsArray().First(one => (string?)one!["scorer"] == "judge:safety")!["identity"] = "another";
        File.WriteAllText(folder.At("careful", "vlguard", "figures.json"), figures.ToJsonString());
        (code, output, errors) = await CapturedConsole.RunAsync("eval", "compare", folder.At("start"), folder.At("careful"), "--out", folder.At("two"),
            "--json");
        Assert.True(code == 0, errors);
        Assert.Contains("judge:safety is not the same for all", errors, StringComparison.Ordinal);
        Assert.Equal(["phrases:refusal@1", "guard:chat-judge"],
            JsonNode.Parse(output)!["benchmarks"]![0]!["scorers"]!.AsArray().Select(scorer => (string)scorer!["scorer"]!));
    }

    [Fact]
    public async Task AReadingThatNoScorerGivesIsRefused()
    {
        await BenchAsync("start", _ => "Here it is.", "vlguard");
        await BenchAsync("other", _ => "Here it is.", "vlguard");
        string items = folder.At("other", "vlguard", "items.jsonl"), verdicts = folder.At("other", "vlguard", "verdicts.jsonl"), page = folder.At("page");
        File.WriteAllText(items, File.ReadAllText(items).Replace("[\"answered\"]", "[\"helped\"]", StringComparison.Ordinal));
        await CapturedConsole.RefusedAsync(["items.jsonl: line ", "says 'helped'", "refused, answered"], "eval", "compare", folder.At("start"),
            folder.At("other"), "--out", page);
        File.WriteAllText(verdicts, File.ReadAllText(verdicts).Replace("\"answered\"", "\"helped\"", StringComparison.Ordinal));
        await CapturedConsole.RefusedAsync(["says 'helped'", "delete the result's verdicts*.jsonl"], "eval", "score", "--suite", "vlguard", "--data",
            Path.Combine(Layouts, "vlguard"), "--all-splits", "--scorer", "phrases:refusal@1", "--out", folder.At("other"));
    }

    [Fact]
    public async Task MistakesAreOneLineEach()
    {
        await BenchAsync("start", _ => "Here it is.", "vlguard");
        await CapturedConsole.RefusedAsync(["there is no such folder"], "eval", "compare", folder.At("none"), "--out", folder.At("page"));
        await CapturedConsole.RefusedAsync(["there is one result"], "eval", "compare", folder.At("start"), "--out", folder.At("page"));
        await CapturedConsole.RefusedAsync(["2 results are called 'start'", "NAME=FOLDER"], "eval", "compare", folder.At("start"), folder.At("start"), "--out",
            folder.At("page"));
        await CapturedConsole.RefusedAsync(["no such benchmark"], "eval", "compare", folder.At("start"), "--suite", "no-such", "--out", folder.At("page"));
        await CapturedConsole.RefusedAsync(["holds no scored benchmark of pope"], "eval", "compare", folder.At("start"), "--suite", "pope", "--out",
            folder.At("page"));
        File.Delete(folder.At("start", "vlguard", "items.jsonl"));
        await CapturedConsole.RefusedAsync(["lacks items.jsonl"], "eval", "compare", folder.At("start"), "--out", folder.At("page"));
        Assert.False(Path.Exists(folder.At("page")));
    }

    private async Task BenchAsync(string result, Func<JsonObject, string> reply, string suite, params string[] options)
    {
        await using FakeChatServer model = await FakeChatServer.StartAsync();
        model.Reply = reply;
        (int code, _, string errors) = await CapturedConsole.RunAsync(["eval", "bench", "--suite", suite, "--data", Path.Combine(Layouts, suite), "--model",
            result, "--model-endpoint", model.Address, "--all-splits", "--out", folder.At(result), .. options]);
        Assert.True(code == 0, errors);
    }
}
