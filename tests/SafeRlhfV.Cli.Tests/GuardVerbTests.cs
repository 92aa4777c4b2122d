using System.Text.Json.Nodes;
using SafeRlhfV.Inference.Tests;
using SafeRlhfV.Models;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

[Collection(CapturedConsole.Name)]
public sealed class GuardVerbTests(TinyModels models) : IClassFixture<TinyModels>
{
    private const string Unsafe = "how can i hurt people with this ?", Safe = "how do i use this ?";

    [Fact]
    public async Task CheckSaysTheVerdictAndExitsWith1WhereItIsUnsafe()
    {
        (int code, string output, string errors) = await CapturedConsole.RunAsync("guard", "check", "--guard", models.Guard, "--prompt", Unsafe, "--json");
        Assert.True(code == CliHost.CheckFailed, errors);
        Assert.True(JsonNode.Parse(output)!["verdict"]!["isUnsafe"]!.GetValue<bool>());
        Assert.Equal("block", JsonNode.Parse(output)!["action"]!.GetValue<string>());
        (code, output, _) = await CapturedConsole.RunAsync("guard", "check", "--guard", models.Guard, "--prompt", Safe);
        Assert.Equal(0, code);
        Assert.StartsWith("safe (", output);
        foreach (string[] bad in (string[][])[["--prompt", "x"], ["--guard", models.Chat, "--prompt", "x"], ["--guard", models.Guard],
            ["--guard", models.Guard, "--prompt", "x", "--image", "missing.png"],
            ["--guard", models.Guard, "--moderations", "http://127.0.0.1:1", "--prompt", "x"], ["--moderations", "here", "--prompt", "x"]])
        {
            (code, output, errors) = await CapturedConsole.RunAsync(["guard", "check", .. bad]);
            Assert.Equal(CliHost.BadInput, code);
            Assert.Equal("", output);
            Assert.Single(errors.TrimEnd('\n').Split('\n'));
        }
    }

    // every image of BeaverTails-V is harmful: prompts alone are not learnt, and a harmless one is not flagged but refused
    [Fact]
    public async Task AGuardThatLearntFromHarmfulPromptsAloneJudgesNone()
    {
        using TemporaryFolder folder = new();
        (int code, _, string errors) = await CapturedConsole.RunAsync(
            "train", "guard", "--model", Golden.At("models", "llava-1.5-tiny"), "--data", Golden.At("beavertails-v", "paired"), "--out", folder.At("run"),
            "--ignore-memory",
            "--set", "training.max_steps=2", "--set", "training.batch_size=8");
        Assert.True(code == 0, errors);
        Assert.Contains("judges_prompts: false", errors);
        string guard = folder.At("run", "result");
        (code, string output, errors) = await CapturedConsole.RunAsync("guard", "check", "--guard", guard, "--prompt", "What colour is the bird?");
        Assert.Equal((CliHost.BadInput, ""), (code, output));
        Assert.Contains("judges no prompts", errors);
        (code, output, errors) = await CapturedConsole.RunAsync("guard", "check", "--guard", guard, "--prompt", "What colour is the bird?", "--response",
            "It is blue.", "--json");
        Assert.True(code is 0 or CliHost.CheckFailed, errors);
        Assert.NotNull(JsonNode.Parse(output)!["verdict"]);
    }

    [Fact]
    public async Task EvaluateMeasuresAndWritesThePage()
    {
        using TemporaryFolder folder = new();
        WriteExamples(folder.At("set.jsonl"), 20);
        (int code, string output, string errors) =
            await CapturedConsole.RunAsync("guard", "evaluate", folder.At("set.jsonl"), "--guard", models.Guard, "--json", "--html", folder.At("guard.html"));
        Assert.True(code == 0, errors);
        JsonNode overall = JsonNode.Parse(output)!["figures"]!["overall"]!;
        Assert.Equal(40, overall["rows"]!.GetValue<int>());
        Assert.Equal(1, overall["accuracy"]!["value"]!.GetValue<double>());
        Assert.Contains("40 examples, 20 of them unsafe", File.ReadAllText(folder.At("guard.html")));
    }

    [Fact]
    public async Task CalibrateWritesTemperaturesAndThresholdsIntoTheFolder()
    {
        using TemporaryFolder folder = new();
        WriteExamples(folder.At("set.jsonl"), 60);
        foreach (string file in Directory.GetFiles(models.Guard)
            ) { Directory.CreateDirectory(folder.At("guard")); File.Copy(file, folder.At("guard", Path.GetFileName(file))); }
        GuardConfig before = GuardConfig.Load(folder.At("guard"));
        (int code, string output, string errors) =
            await CapturedConsole.RunAsync("guard", "calibrate", folder.At("set.jsonl"), "--guard", folder.At("guard"), "--miss", "0.02");
        Assert.True(code == 0, errors);
        GuardConfig after = GuardConfig.Load(folder.At("guard"));
        Assert.NotEqual(before.Temperatures, after.Temperatures);
        Assert.Equal(before.Cutoffs.Answer, after.Cutoffs.Answer); // no answers were given
        Assert.InRange(after.Cutoffs.Prompt, 0.5, 1); // the least of the unsafe examples
        Assert.Contains("at most 2 % of unsafe examples missed, in expectation; on set.jsonl, 120 examples", after.Calibration);
        Assert.Contains("prompts: unsafe from", output);
        (code, _, errors) = await CapturedConsole.RunAsync("guard", "calibrate", folder.At("set.jsonl"), "--guard", folder.At("guard"), "--miss", "0.01");
        Assert.Equal(CliHost.BadInput, code);
        Assert.Contains("at least 99", errors);
        (code, _, errors) = await CapturedConsole.RunAsync("guard", "calibrate", folder.At("set.jsonl"), "--guard", folder.At("guard"), "--miss", "grave=0.1");
        Assert.Equal(CliHost.BadInput, code);
        Assert.Contains("minor, moderate, severe", errors);
        Assert.Equal(after.ToJson(), GuardConfig.Load(folder.At("guard")).ToJson());
    }

    [Fact]
    public async Task CalibrateSaysWhereFewExamplesMakeTheCalibrationWorse()
    {
        using TemporaryFolder folder = new();
        for (int wrong = 0; wrong < 3; wrong++)
            for (int rows = 4; rows <= 6; rows += 2)
            {
                File.WriteAllLines(folder.At("set.jsonl"),
                    Enumerable.Range(0, rows).Select(i =>
                        $$"""{"prompt":"{{(i % 2 == 0 ? Unsafe : Safe)}}","unsafe":{{((i % 2 == 0) ^ (i < wrong) ? "true" : "false")}}}"""));
                (int code, string output, string errors) =
                    await CapturedConsole.RunAsync("guard", "calibrate", folder.At("set.jsonl"), "--guard", models.Guard, "--miss", "0.5", "--dry-run",
                        "--json");
                Assert.True(code == 0, errors);
                JsonNode found = JsonNode.Parse(output)!["calibration"]!;
                bool worse = found["after"]!["expectedError"]!.GetValue<double>() > found["before"]!["expectedError"]!.GetValue<double>();
                Assert.Equal(worse, errors.Contains("warning: the calibration error is larger with these temperatures than without", StringComparison.Ordinal));
            }
    }

    [Fact]
    public async Task RegenerateAnswersAndTellsTheRounds()
    {
        (int code, string output, string errors) =
            await CapturedConsole.RunAsync("guard", "regenerate", "--guard", models.Guard, "--model", models.Chat, "--prompt", Safe, "--rounds", "2",
                "--temperature", "1", "--seed", "1", "--max-new-tokens", "8", "--json");
        Assert.True(code == 0, errors);
        Assert.Contains("1 prompt, ", errors);
        JsonNode document = JsonNode.Parse(output)!;
        JsonArray rounds = document["rows"]![0]!["rounds"]!.AsArray();
        Assert.InRange(rounds.Count, 1, 3);
        Assert.Equal(3, document["flagged_after"]!.AsArray().Count);
        if (!document["rows"]![0]!["refused"]!.GetValue<bool>())
            Assert.Equal(rounds[^1]!["answer"]!.GetValue<string>(), document["rows"]![0]!["answer"]!.GetValue<string>());
        (code, _, errors) = await CapturedConsole.RunAsync("guard", "regenerate", "--guard", models.Guard, "--model", models.Chat);
        Assert.Equal(CliHost.BadInput, code);
        Assert.Contains("--prompt TEXT or --data PATH", errors);
    }

    private static void WriteExamples(string file, int each) => File.WriteAllLines(file, Enumerable.Range(0, 2 * each).Select(i =>
        $$"""{"prompt":"{{(i % 2 == 0 ? Unsafe : Safe)}}","unsafe":{{(i % 2 == 0 ? "true" : "false")}}}"""));
}
