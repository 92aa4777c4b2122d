using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using SafeRlhfV.Annotation.Tests;
using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary><c>align</c> from the command line: a whole run on the reference pairs with a tiny model of random weights.</summary>
[Collection(CapturedConsole.Name)]
public sealed class AlignVerbTests : IDisposable
{
    private static readonly string Pairs = Golden.At("beavertails-v", "paired"), Tiny = Recipe("tiny");

    private readonly TemporaryFolder folder = new();

    private string Out => folder.At("run");

    public void Dispose() => folder.Dispose();

    /// <summary>The tiny models of all families that are whole checkpoints and read texts as long as those of the pairs.</summary>
    public static TheoryData<string> Families() => [.. Directory.GetDirectories(Golden.At("models"))
        .Where(place => File.Exists(Path.Combine(place, "config.json")) && ModelConfig.Load(place).Text.MaxTokens >= 1024)
        .Select(place => Path.GetFileName(place)!).Where(name => name is not "llava-1.5-tiny").Order(StringComparer.Ordinal)];

    [Fact]
    public async Task ItGoesFromPairsToAnAlignedMeasuredModelAndRunsNothingTwice()
    {
        await WholeRun("llava-1.5-tiny");
        (int code, _, string errors) = await Align("llava-1.5-tiny", "--gates", "warn");
        Assert.True(code == 0, errors);
        Assert.DoesNotContain("policy: Safe PPO", errors);
        Assert.Contains("policy: finished earlier", errors);
    }

    [Theory, Trait("speed", "slow"), MemberData(nameof(Families))]
    public Task EveryFamilyIsAligned(string model) => WholeRun(model);

    [Theory, Trait("speed", "slow")]
    [InlineData("grpo")]
    [InlineData("dpo")]
    [InlineData("safe-dpo")]
    public Task EveryMethodAligns(string method) => WholeRun("llava-1.5-tiny", "--method", method, "--skip", "guard");

    [Fact]
    public async Task AJudgeAndBenchmarksAreInTheReport()
    {
        await using FakeChatServer judge = await FakeChatServer.StartAsync();
        judge.Reply = body => body["messages"]![0]!["content"]!.ToJsonString() is var asked && asked.Contains("verdict: unsafe", StringComparison.Ordinal)
            ? "verdict: safe" : asked.Contains("[[A]]", StringComparison.Ordinal) ? "[[A]]" : FakeChatServer.Play(body);
        // the start is a run of one's own
        string start = folder.At("mine"), result = Path.Combine(start, "result");
        Directory.CreateDirectory(result);
        foreach (string file in Directory.EnumerateFiles(Golden.At("models", "llava-1.5-tiny"))) File.Copy(file, Path.Combine(result, Path.GetFileName(file)));
        string[] outside = ["--judge", judge.Address, "--judge-model", "a-judge", "--suite", "vlguard", "--bench-data", Golden.At("formats", "benchmarks")];
        (int code, _, string errors) = await Align(start, ["--gates", "warn", "--method", "dpo", "--skip", "guard", "--skip", "sft", .. outside]);
        Assert.True(code == 0, errors);
        JsonNode compared = Report()["compared"]!;
        Assert.Equal(["start", "aligned"], compared["models"]!.AsArray().Select(model => (string)model!["name"]!));
        Assert.Equal(["phrases:refusal@1", "judge:safety"],
            compared["benchmarks"]!.AsArray().Single()!["scorers"]!.AsArray().Select(scorer => (string)scorer!["scorer"]!));
        string[] sources = [.. compared["wins"]!.AsArray().Select(matrix => (string)matrix!["source"]!).Distinct()];
        Assert.Equal("held-out RM-V and CM-V", sources[0]);
        Assert.Equal("Win rates over start", (string)compared["planes"]!.AsArray()[^1]!["title"]!);
        Assert.Contains("a-judge (", sources[1], StringComparison.Ordinal);
        Assert.Contains("vlguard: judge:helpfulness-pair", sources[2], StringComparison.Ordinal);
        string card = File.ReadAllText(folder.At("run", "report", "README.md"));
        Assert.Equal("mine", (string)Report()["model"]!);
        Assert.Contains("base_model: mine\n", card, StringComparison.Ordinal);
        Assert.Contains("model-index:", card, StringComparison.Ordinal);
        Assert.Contains("| judge:safety | start | aligned |", card, StringComparison.Ordinal);
        // nothing is asked twice, and the report is the same
        int asked = judge.Requests.Count;
        string before = File.ReadAllText(folder.At("run", "report", "results.json"));
        (code, _, errors) = await Align(start, ["--gates", "warn", "--method", "dpo", "--skip", "guard", "--skip", "sft", .. outside]);
        Assert.True(code == 0, errors);
        Assert.Equal((asked, before), (judge.Requests.Count, File.ReadAllText(folder.At("run", "report", "results.json"))));

        // a card of one's own and a comparison take the whole run, by its folder or its report's
        foreach (string place in (string[])[folder.At("run"), folder.At("run", "report")])
        {
            (code, _, errors) = await CapturedConsole.RunAsync("model", "card", folder.At("run", "policy"), "--results", place, "--out", folder.At("card.md"),
                "--overwrite");
            Assert.True(code == 0, errors);
            Assert.DoesNotContain("it measured", errors, StringComparison.Ordinal);
            string own = File.ReadAllText(folder.At("card.md"));
            foreach (string row in card.Split('\n').Where(line => line.Contains("by RM-V (", StringComparison.Ordinal)))
                Assert.Contains(row, own, StringComparison.Ordinal);
            Assert.Contains("### Held-out heads", own, StringComparison.Ordinal);
            Assert.Contains("| judge:safety | run start | run |", own, StringComparison.Ordinal);
        }
        (code, _, errors) = await CapturedConsole.RunAsync("model", "card", folder.At("run", "policy"), "--results", $"mine={folder.At("run")}", "--out",
            folder.At("card.md"), "--overwrite");
        Assert.True(code == 0, errors);
        Assert.Contains("| judge:safety | mine start | mine |", File.ReadAllText(folder.At("card.md")), StringComparison.Ordinal);
        (code, JsonElement page) = await CapturedConsole.JsonAsync("eval", "compare", $"mine={folder.At("run")}", "--out", folder.At("page"));
        Assert.Equal(0, code);
        Assert.Equal(["mine start", "mine"], page.GetProperty("models").EnumerateArray().Select(model => model.GetProperty("name").GetString()));
        Assert.Contains(page.GetProperty("wins").EnumerateArray(), matrix =>
            matrix.GetProperty("source").GetString()!.StartsWith("judge held-out RM-V and CM-V (", StringComparison.Ordinal));
    }

    [Fact]
    public async Task AGateStopsAndSaysWhatToDo()
    {
        // the reference pairs repeat a row: the data's own gate
        (int code, string output, string errors) = await Align("llava-1.5-tiny");
        Assert.Equal((CliHost.CheckFailed, ""), (code, output));
        // the user's own file is named, not the one that the split wrote
        Assert.Contains($"2 errors in 96 rows of the data, such as {Path.Combine(Pairs, "data", "false_information", "train-00000-of-00001.parquet")}, row 5: ",
            Last(errors));
        Assert.Contains($"; 'safe-rlhf-v data validate {Pairs}' lists all", Last(errors));
        Assert.False(Directory.Exists(folder.At("run", "sft")));
        // without those rows the score models are measured, and are no better than chance
        Assert.Equal(1, (await CapturedConsole.RunAsync("data", "validate", Pairs, "--fix", folder.At("clean"))).Code);
        (code, output, errors) = await CapturedConsole.RunAsync([.. Arguments("llava-1.5-tiny", folder.At("clean"), folder.At("other")),
            "--set", "gates.reward_pair_accuracy=0.99"]);
        Assert.Equal((CliHost.CheckFailed, ""), (code, output));
        Assert.Contains("RM-V pair accuracy is 0.", Last(errors));
        Assert.Contains("must be at least 0.99", Last(errors));
        Assert.Contains("--set reward.training.epochs=N", Last(errors));
        Assert.Contains("--gates warn", Last(errors));
        Assert.True(Directory.Exists(folder.At("other", "cost", "result")));
        Assert.False(Directory.Exists(folder.At("other", "policy")));
    }

    [Fact]
    public async Task ADryRunShowsThePlanAndRunsNothing()
    {
        (int code, JsonElement stages) = await CapturedConsole.JsonAsync([.. Arguments("llava-1.5-tiny", Pairs, Out), "--dry-run"]);
        Assert.Equal(0, code);
        Assert.False(Path.Exists(Out));
        JsonElement[] all = [.. stages.EnumerateArray()];
        Assert.All(all, stage => Assert.True(stage.GetProperty("open").GetBoolean()));
        JsonElement policy = all.Single(stage => stage.GetProperty("name").GetString() == "policy");
        Assert.Contains("train ppo --model", policy.GetProperty("commands")[0].GetString());
        // all that is run by hand too is printed
        foreach ((string stage, string verb) in ((string, string)[])[("calibrate", "guard calibrate"), ("check-guard", "guard evaluate")])
            Assert.StartsWith($"safe-rlhf-v {verb} ", all.Single(one => one.GetProperty("name").GetString() == stage).GetProperty("commands")[0].GetString(),
                StringComparison.Ordinal);
        Assert.True(policy.GetProperty("plan").GetProperty("bytes").GetInt64() > 1 << 20);
        Assert.True(policy.GetProperty("plan").GetProperty("seconds").GetDouble() > 0);
        (code, string output, _) = await CapturedConsole.RunAsync([.. Arguments("llava-1.5-tiny", Pairs, Out), "--dry-run", "--gpu", "0.2gib"]);
        Assert.Equal(CliHost.CheckFailed, code);
        Assert.Contains("it does not fit: sft takes", output);
        Assert.False(Path.Exists(Out));
    }

    /// <summary>Later stages read every split: one without rows is named before hours of training, with what to change.</summary>
    [Fact]
    public async Task AnEmptySplitEndsTheRunAtTheSplit()
    {
        // one image: its rows stay together, so two splits stay empty
        string few = folder.At("few.jsonl");
        string image = Convert.ToBase64String(File.ReadAllBytes(Golden.At("images", "cat.jpg")));
        File.WriteAllLines(few, Enumerable.Range(0, 6).Select(i => JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["question"] = $"What is shown, {i}?",
            ["image"] = new { bytes = image },
            ["response_1"] = "A house.",
            ["response_2"] = "A tree.",
            ["category"] = "animal_abuse",
            ["image_severity"] = 1,
            ["is_response_1_safe"] = "yes",
            ["is_response_2_safe"] = "no",
            ["more_helpful_response_id"] = 1,
            ["safer_response_id"] = 1,
        })));
        string[] arguments = [.. Arguments("llava-1.5-tiny", few, Out), "--gates", "warn"],
            said = ["no row for the splits 'validation' and 'test'", "6 rows", "other images", "--set shares="];
        await CapturedConsole.RefusedAsync(said, [.. arguments, "--dry-run"]);
        Assert.False(Path.Exists(Out));
        // the second time the same command splits again
        for (int i = 0; i < 2; i++)
        {
            (int code, string output, string errors) = await CapturedConsole.RunAsync(arguments);
            Assert.Equal((CliHost.BadInput, ""), (code, output));
            Assert.All(said, part => Assert.Contains(part, Last(errors), StringComparison.Ordinal));
            Assert.DoesNotContain("check-data", errors, StringComparison.Ordinal);
        }
    }

    /// <summary>What training finds wrong with a row of the split copy is said of the user's own file, which can be mended.</summary>
    [Fact]
    public async Task AMistakeInARowNamesTheUsersOwnFile()
    {
        string from = Golden.At("models", "llava-1.5-tiny"), model = folder.At("short"), own = folder.At("own");
        Directory.CreateDirectory(model);
        foreach (string file in Directory.EnumerateFiles(from)) File.Copy(file, Path.Combine(model, Path.GetFileName(file)));
        JsonNode config = JsonNode.Parse(File.ReadAllText(Path.Combine(from, "config.json")))!;
        config["text_config"]!["max_position_embeddings"] = 40;
        File.WriteAllText(Path.Combine(model, "config.json"), config.ToJsonString());
        Assert.Equal(1, (await CapturedConsole.RunAsync("data", "validate", Pairs, "--fix", own)).Code);
        (int code, _, string errors) = await CapturedConsole.RunAsync("align", "--model", model, "--data", own, "--out", Out, "--config", Tiny, "--gates",
            "warn");
        Assert.Equal(CliHost.BadInput, code);
        Match place = Regex.Match(Last(errors), @"(\S+\.parquet): row (\d+): the text has");
        Assert.StartsWith(own, place.Groups[1].Value, StringComparison.Ordinal);
        Assert.Contains(PreferenceDataset.Open(own).ReadRows(), row =>
            row.Position.File == place.Groups[1].Value && $"{row.Position.Row}" == place.Groups[2].Value);
        Assert.DoesNotContain(Out, Last(errors), StringComparison.Ordinal);
    }

    /// <summary>Benchmarks come last: what is wrong with them is said before the first stage, and in a plan too.</summary>
    [Fact]
    public async Task BenchmarksAreLookedAtBeforeTheFirstStage()
    {
        string[] dry = [.. Arguments("llava-1.5-tiny", Pairs, Out), "--dry-run"], suite = ["--suite", "beavertails-v", "--bench-data"];
        (int code, JsonElement stages) = await CapturedConsole.JsonAsync([.. dry, .. suite, Pairs]);
        Assert.Equal(0, code);
        string[] Commands(JsonElement all) => [.. all.EnumerateArray().Single(stage => stage.GetProperty("name").GetString() == "benchmarks")
            .GetProperty("commands").EnumerateArray().Select(one => one.GetString()!)];
        Assert.All(Commands(stages), command => Assert.DoesNotContain("--split", command, StringComparison.Ordinal));
        (code, stages) = await CapturedConsole.JsonAsync([.. dry, .. suite, Pairs, "--bench-split", "train"]);
        Assert.Equal(0, code);
        Assert.All(Commands(stages), command => Assert.Contains("--split train", command, StringComparison.Ordinal));
        await CapturedConsole.RefusedAsync(["has no split that is wanted", "test"], [.. dry, .. suite, Pairs, "--bench-split", "test"]);
        await CapturedConsole.RefusedAsync(["no-such"], [.. dry, "--suite", "no-such", "--bench-data", Pairs]);
        await CapturedConsole.RefusedAsync(["siuo_gen.json"], [.. dry, "--suite", "siuo", "--bench-data", Pairs]);
        await CapturedConsole.RefusedAsync(["--bench-split goes with --suite"], [.. dry, "--bench-split", "test"]);
        Assert.False(Path.Exists(Out));
    }

    [Fact]
    public async Task OneGpuPlansAdaptersAndMergesTheFirst()
    {
        (int code, JsonElement stages) = await CapturedConsole.JsonAsync("align", "--model", Golden.At("models", "llava-1.5-tiny"), "--data", Pairs, "--out",
            Out, "--config", Recipe("one-gpu"), "--gpu", "h100-80gb", "--dry-run");
        Assert.Equal(0, code);
        string[] commands = [.. stages.EnumerateArray().SelectMany(stage => stage.GetProperty("commands").EnumerateArray()).Select(one => one.GetString()!)];
        Assert.Contains(commands, command => command.Contains("model merge", StringComparison.Ordinal));
        Assert.All(commands.Where(command => command.Contains("generate", StringComparison.Ordinal)), command => Assert.Contains("--device cuda", command));
    }

    [Fact]
    public async Task ARecipeIsRelativeToTheFileThatNamesItAndToTheCurrentFolderWhereSetDoes()
    {
        foreach (string place in (string[])["base", "top", "mine"]) Directory.CreateDirectory(folder.At(place));
        foreach ((string place, string trainer) in new[] { ("base", "reward"), ("top", "cost"), ("mine", "sft") })
            File.WriteAllText(folder.At(place, "recipe.yaml"), $"trainer: {trainer}\n");
        File.WriteAllText(folder.At("base", "align.yaml"), "reward: { recipe: recipe.yaml }\n");
        File.WriteAllText(folder.At("top", "align.yaml"), "base: ../base/align.yaml\ncost: { recipe: recipe.yaml }\n");
        string mine = Path.GetRelativePath(Environment.CurrentDirectory, folder.At("mine", "recipe.yaml"));
        (int code, JsonElement stages) = await CapturedConsole.JsonAsync("align", "--model", Golden.At("models", "llava-1.5-tiny"), "--data", Pairs, "--out",
            Out, "--config", folder.At("top", "align.yaml"), "--set", $"sft.recipe={mine}", "--skip", "guard", "--dry-run");
        Assert.Equal(0, code);
        foreach ((string stage, string place) in new[] { ("sft", "mine"), ("reward", "base"), ("cost", "top") })
            Assert.Contains($"--config {folder.At(place, "recipe.yaml")} ", stages.EnumerateArray().Single(one => one.GetProperty("name").GetString() == stage)
                .GetProperty("commands")[0].GetString());
    }

    [Theory]
    [InlineData("--from polcy: there is no such stage; did you mean 'policy'?", "--from", "polcy")]
    [InlineData("--from sft: this run has no such stage", "--from", "sft", "--skip", "sft")]
    [InlineData("--skip gard: there is no such stage; did you mean 'guard'?", "--skip", "gard")]
    [InlineData("--budget goes with --method ppo or grpo", "--budget", "0", "--method", "dpo")]
    [InlineData("safe-rlhf-v: --set has 1 fault: gates.reward_accuracy: unknown key", "--set", "gates.reward_accuracy=0.7")]
    [InlineData("safe-rlhf-v: --set for reward has 1 fault: training.epoch: unknown key", "--set", "reward.training.epoch=3")]
    [InlineData("--set for reward data.split=test: align itself decides data.split; leave it out", "--set", "reward.data.split=test")]
    [InlineData("--set for cost model.folder=a: align itself decides model.folder", "--set", "cost.model.folder=a")]
    [InlineData("--set for ppo model.reward=a: align itself decides model.reward", "--set", "ppo.model.reward=a")]
    [InlineData("--set for sft training.seed=3: --seed gives training.seed, too; leave one of them out", "--set", "sft.training.seed=3", "--seed", "4")]
    [InlineData("--set for ppo training.multiplier.budget=3: --budget gives", "--set", "ppo.training.multiplier.budget=3", "--budget", "4")]
    [InlineData("--set dpo: this run trains no dpo (--method ppo); leave it out", "--set", "dpo.training.epochs=3")]
    [InlineData("--set guard: this run trains no guard (--method ppo --skip guard)", "--set", "guard.recipe=mine.yaml", "--skip", "guard")]
    [InlineData("must give a share to train, validation and test", "--set", "shares=train=0.9,test=0.1")]
    [InlineData("--suite and --bench-data go together", "--suite", "pope")]
    [InlineData("an address needs the judge's name there", "--judge", "http://127.0.0.1:1/v1")]
    public async Task WhatMakesNoSenseIsRefusedBeforeAnythingIsMade(string said, params string[] options)
    {
        await CapturedConsole.RefusedAsync([said], [.. Arguments("llava-1.5-tiny", Pairs, Out), .. options, "--dry-run"]);
        Assert.False(Path.Exists(Out));
    }

    [Theory]
    [InlineData("holds an adapter, and a whole model is needed here", "llava-1.5-tiny-lora")]
    [InlineData("there is no such folder; give a checkpoint's, or a training run's.", "none")]
    public async Task AModelThatCannotBeAlignedIsRefusedBeforeTheDataAreSplit(string said, string model)
    {
        await CapturedConsole.RefusedAsync([said], Arguments(model, Pairs, Out));
        Assert.False(Path.Exists(Out));
    }

    [Fact]
    public async Task SharesMayHaveBlanks()
    {
        (int code, _, string errors) = await CapturedConsole.RunAsync([.. Arguments("llava-1.5-tiny", Pairs, Out), "--set",
            "shares='train = 0.6, validation = 0.2, test = 0.2'", "--skip", "guard", "--dry-run"]);
        Assert.True(code == 0, errors);
    }

    [Fact]
    public async Task DataOfAnotherLayoutAreRefusedBeforeAPlanIsShown()
    {
        Assert.Equal(1, (await CapturedConsole.RunAsync("data", "validate", Pairs, "--fix", folder.At("clean"))).Code);
        Assert.Equal(0, (await CapturedConsole.RunAsync("data", "convert", folder.At("clean"), "--to", "trl", "--out", folder.At("trl"))).Code);
        foreach (string[] dry in (string[][])[[], ["--dry-run"]])
            await CapturedConsole.RefusedAsync(["rows of the format 'trl'", $"data import {folder.At("trl")} --from trl --out"],
                [.. Arguments("llava-1.5-tiny", folder.At("trl"), Out), .. dry]);
        // what the import makes has one preference: CM-V could not learn, after hours of other stages
        File.WriteAllLines(folder.At("own.jsonl"), Enumerable.Range(0, 8).Select(i => $$"""{"prompt":"Is it {{i}}?","chosen":"Yes.","rejected":"No."}"""));
        (int code, _, string errors) = await CapturedConsole.RunAsync("data", "import", folder.At("own.jsonl"), "--from", "trl", "--out", folder.At("own"));
        Assert.True(code == 0, errors);
        await CapturedConsole.RefusedAsync(["says which answer is safer (safer_response_id)", "'train cost' needs", "'data label'"],
            [.. Arguments("llava-1.5-tiny", folder.At("own"), Out), "--gates", "warn"]);
        Assert.False(Path.Exists(Out));
    }

    [Fact]
    public async Task DataWithoutPairsAndAFolderOfOtherThingsAreRefused()
    {
        await CapturedConsole.RefusedAsync(["has no pairs"], Arguments("llava-1.5-tiny", Golden.At("beavertails-v", "flat"), Out));
        File.WriteAllText(folder.At("mine.txt"), "mine");
        await CapturedConsole.RefusedAsync(["something else in it"], Arguments("llava-1.5-tiny", Pairs, folder.Path));
    }

    private async Task WholeRun(string model, params string[] options)
    {
        (int code, string output, string errors) = await Align(model, ["--gates", "warn", .. options]);
        Assert.True(code == 0, errors);
        Assert.Equal(Path.Combine(Out, "policy") + "\n", output);
        foreach (string run in ((string[])["sft", "reward", "cost", "policy", "guard", "judge-reward", "judge-cost"]).Except(options))
            Assert.True(Directory.Exists(Path.Combine(Out, run, "result")), run);
        // an ordinary run: the verbs take its folder as it is
        (code, _, errors) = await CapturedConsole.RunAsync("generate", "--model", Path.Combine(Out, "policy"), "--prompt", "hello", "--max-new-tokens", "2");
        Assert.True(code == 0, errors);
        JsonNode report = Report();
        JsonNode[] heads = [.. report["heads"]!.AsArray().Select(figure => figure!)];
        Assert.Equal(["mean reward by RM-V", "mean cost by CM-V", "share unsafe by CM-V"], heads.Select(figure => (string)figure["name"]!));
        Assert.All(heads, figure => Assert.Equal((double)figure["aligned"]!["value"]! - (double)figure["start"]!["value"]!,
            (double)figure["difference"]!["value"]!["value"]!, 9));
        Assert.NotEmpty(report["gates"]!.AsArray());
        Assert.Equal(["helpful", "harmless"], report["compared"]!["wins"]!.AsArray().Select(matrix => (string)matrix!["axis"]!));
        string page = File.ReadAllText(folder.At("run", "report", "index.html"));
        foreach (string reference in (string[])["src=\"http", "href=\"http", "<script"]) Assert.DoesNotContain(reference, page, StringComparison.Ordinal);
        Assert.Contains("What held-out score models say", page, StringComparison.Ordinal);
        string card = File.ReadAllText(folder.At("run", "report", "README.md"));
        Assert.Contains($"base_model: {model}", card, StringComparison.Ordinal);
        Assert.Contains("### Held-out heads", card, StringComparison.Ordinal);
        Assert.DoesNotContain(folder.Path, card, StringComparison.Ordinal);
    }

    private JsonNode Report() => JsonNode.Parse(File.ReadAllText(folder.At("run", "report", "results.json")))!;

    private Task<(int Code, string Output, string Errors)> Align(string model, params string[] options) =>
        CapturedConsole.RunAsync([.. Arguments(model, Pairs, Out), .. options]);

    private static string[] Arguments(string model, string data, string target) =>
        ["align", "--model", Golden.At("models", model), "--data", data, "--out", target, "--config", Tiny];

    private static string Recipe(string name) => Path.Combine(Golden.RepositoryRoot(), "recipes", "align", $"{name}.yaml");

    private static string Last(string errors) => errors.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1];
}
