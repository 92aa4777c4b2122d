using SafeRlhfV.SafetyWorld;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary>A service or database that is away is no mistake of the user's: exit code 1 and one line, whichever verb needs it.</summary>
[Collection(CapturedConsole.Name)]
public sealed class DeadServiceTests
{
    private const string Database = "Host=127.0.0.1;Port=1;Username=nobody;Timeout=2";

    [Theory]
    [InlineData("verify")]
    [InlineData("export")]
    public async Task AnAuditTrailThatIsAway(string verb)
    {
        using TemporaryFolder folder = new();
        string[] out_ = verb == "export" ? ["--out", folder.At("trail.jsonl")] : [];
        await Check("127.0.0.1:1", ["audit", verb, $"postgres:{Database}", .. out_]);
    }

    [Theory]
    [InlineData("verify")]
    [InlineData("export")]
    public async Task AFileThatIsNoTrailIsAMistake(string verb)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("notes.txt"), new string('x', 2000));
        string[] out_ = verb == "export" ? ["--out", folder.At("trail.jsonl")] : [];
        (int code, string output, string errors) = await CapturedConsole.RunAsync(["audit", verb, $"sqlite:{folder.At("notes.txt")}", .. out_]);
        new CliRun(code, output, errors).MustRefuse("notes.txt", "cannot be read as an audit trail");
    }

    [Theory]
    [InlineData("--check")]
    [InlineData("--publish")]
    public async Task TheDatabaseOfGateways(string option)
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("gateway.yaml"), $$"""
            listen: http://127.0.0.1:0
            keys: [{ name: k, hash: {{new string('0', 64)}} }]
            upstreams: [{ name: up, endpoint: http://127.0.0.1:1/v1 }]
            models: [{ name: m, upstreams: [up] }]
            moderators: [{ kind: patterns, category: dangerous_behavior, keywords: [an example phrase] }]
            audit: { trail: "postgres:{{Database}}" }
            replicas: { name: one }
            """);
        await Check("PostgreSQL", ["serve", "--config", folder.At("gateway.yaml"), option]);
    }

    [Fact]
    public Task TheServersOfRollouts() => CheckTraining("no server is left", "ppo", "model.lora.rank=2", "",
        "rollouts.endpoints=[http://127.0.0.1:1] rollouts.retries=0");

    [Fact]
    public Task TheServersOfScores() => CheckTraining("scoring.both.endpoints: no server is left", "grpo", "", "model.sharing=none",
        "scoring.both.endpoints=[http://127.0.0.1:1] scoring.retries=0");

    // both trainings with the first sets, the policy's with the second and the servers
    private static async Task CheckTraining(string said, string trainer, string both, string policy, string servers)
    {
        using TemporaryFolder folder = new();
        string model = Golden.At("models", "llava-1.5-tiny"), rows = folder.At("world"), scores = folder.At("scores");
        World world = new(3);
        WorldDataset.Write(rows, world.TrainingPairs(8).Select(pair => pair.Row), world.HeldOutPairs(2).Select(pair => pair.Row));
        (int code, _, string errors) = await CapturedConsole.RunAsync(["train", "scores", "--model", model, "--data", rows, "--out", scores,
            .. Sets($"{both} training.batch_size=4 training.max_steps=1")]);
        Assert.True(code == 0, errors);
        await Check(said, ["train", trainer, "--model", model, "--reward", scores, "--cost", scores, "--data", rows, "--out", folder.At(trainer),
            .. Sets($"{both} {policy} {servers} training.ptx_coefficient=0 training.rounds=1 training.rollout_batch=2 training.mini_batch=2 "
                + "training.max_new_tokens=4")]);
    }

    private static IEnumerable<string> Sets(string sets) => sets.Split(' ', StringSplitOptions.RemoveEmptyEntries).SelectMany(set => (string[])["--set", set]);

    private static async Task Check(string said, string[] arguments)
    {
        (int code, string output, string errors) = await CapturedConsole.RunAsync(arguments);
        Assert.True(code == CliHost.CheckFailed, $"{code}: {errors}");
        Assert.Empty(output);
        string line = Assert.Single(errors.TrimEnd().Split('\n'), line => line.StartsWith("safe-rlhf-v: ", StringComparison.Ordinal));
        Assert.Contains(said, line);
        Assert.DoesNotContain("   at ", errors);
    }
}
