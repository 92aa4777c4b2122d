using System.Text.Json;
using SafeRlhfV.Cli.Tests;
using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;
using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Bench.Tests;

/// <summary>Whether results of eval bench order models as the exact rater does: here models that always do as asked, or never.</summary>
public sealed class OrderVerbTests : IDisposable
{
    private const int Prompts = 60;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task AnOrderAgainstTheRatersIsAFailure()
    {
        World world = new(3);
        string data = folder.At("data");
        WorldDataset.Write(data, world.TrainingPairs(2).Select(pair => pair.Row), world.HeldOutPairs(Prompts).Select(pair => pair.Row),
            cancellationToken: TestContext.Current.CancellationToken);
        string bold = Result(world, data, "bold", AnswerStyle.Comply, measured: 0.6), shy = Result(world, data, "shy", AnswerStyle.BareRefusal, measured: 0.1),
            mute = Result(world, data, "mute", AnswerStyle.BareRefusal, measured: 0.2),
            wrong = Result(world, data, "wrong", AnswerStyle.Comply, measured: 0.05);
        CliRun run = await RunAsync(data, "3", $"bold={bold}", $"shy={shy}", $"mute={mute}");
        Assert.Equal(0, run.ExitCode);
        JsonElement[] pairs = [.. run.Json.EnumerateArray()];
        Assert.Equal([true, true, false], pairs.Select(pair => pair.GetProperty("isClear").GetBoolean())); // those who refuse alike have no order
        Assert.True(pairs[0].GetProperty("rated").GetProperty("low").GetDouble() > 0);

        run = await RunAsync(data, "3", $"shy={shy}", $"wrong={wrong}");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("1 of them are in the wrong order", run.Errors, StringComparison.Ordinal);
        run = await RunAsync(data, "3", $"shy={shy}", $"mute={mute}");
        Assert.Equal(1, run.ExitCode); // nothing was checked
        run = await RunAsync(data, "4", $"shy={shy}", $"mute={mute}");
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("none of the world of seed 4", run.Errors, StringComparison.Ordinal);
    }

    private string Result(World world, string data, string name, AnswerStyle style, double measured)
    {
        string result = folder.At(name), place = Path.Combine(result, "beavertails-v");
        Directory.CreateDirectory(place);
        RandomStream random = new(1, name);
        File.WriteAllLines(Path.Combine(place, "answers.jsonl"), PreferenceDataset.Open(data).ReadRows(WorldDataset.Evaluation).Select(row =>
            JsonSerializer.Serialize(new ModelAnswer($"{row.Position}", 0, row.Text("question")!,
                Responder.Answer(world.FindPrompt(row.Image!.Path)!, style, rich: false, random)))));
        File.WriteAllText(Path.Combine(place, "figures.json"), JsonSerializer.Serialize(new
        {
            scorers = new[] { new { figures = new[] { new { name = "attack_success", part = new { }, value = measured } } } },
        }));
        return result;
    }

    private static Task<CliRun> RunAsync(string data, string seed, params string[] results) =>
        CliRun.OfProgram(Path.Combine(AppContext.BaseDirectory, "SafeRlhfV.Bench.dll"), [],
            ["bench", "order", "--json", "--data", data, "--seed", seed, .. results]);
}
