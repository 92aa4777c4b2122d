using SafeRlhfV.Models;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

/// <summary>The tiny PPO recipes, sampled and scored by servers that tests play.</summary>
internal sealed class ServedPpo : IAsyncDisposable
{
    public const long Seed = 5;

    private readonly TinyRecipes tiny;
    private readonly List<FakeServer> servers = [];
    private readonly List<(string Section, FakeClassifier Server)> scorers = [];

    public ServedPpo(TinyRecipes tiny) => this.tiny = tiny;

    public static string Policy => Golden.At("models", "llava-1.5-tiny");

    public IReadOnlyList<FakeServer> Servers => servers;

    /// <summary>A server that draws as the trainer itself would: its seeds stand for the streams of the rounds' rows.</summary>
    /// <param name="kind">Its program.</param>
    /// <param name="policy">The policy's folder; null = that of the tiny recipes.</param>
    public FakeServer Start(RolloutServer kind = RolloutServer.Vllm, string? policy = null)
    {
        Dictionary<long, string> streams = (
            from round in Enumerable.Range(0, 8)
            from draw in Enumerable.Range(0, 3)
            from row in Enumerable.Range(0, 16)
            select $"{EpisodeSampler.StreamOf(round, draw)}/{row}")
            .ToDictionary(name => ServerRollouts.SeedOf(Seed, name));
        FakeEngine engine = new(policy ?? Policy) { StreamOf = seed => new RandomStream(Seed, streams.GetValueOrDefault(seed) ?? $"other/{seed}") };
        FakeServer server = kind == RolloutServer.Vllm ? new FakeVllm(engine) : new FakeSglang(engine);
        servers.Add(server);
        return server;
    }

    /// <summary>A server of the tiny recipes' score model, exported for it.</summary>
    /// <param name="section">Which: reward, cost or both.</param>
    public FakeClassifier StartScores(string section)
    {
        string model = section == "both" ? "scores" : section, served = tiny.At($"served-{model}");
        if (!Directory.Exists(served)) ClassifierExport.Write(tiny.At(model), served);
        return StartScores(section, served);
    }

    /// <summary>A server of a classification checkpoint.</summary>
    public FakeClassifier StartScores(string section, string folder)
    {
        FakeClassifier server = new(new FakeScoreEngine(folder));
        scorers.Add((section, server));
        return server;
    }

    /// <summary>Servers of both score models.</summary>
    public FakeClassifier[] StartScores() => [StartScores("reward"), StartScores("cost")];

    /// <summary>A recipe whose responses the servers sample, or score.</summary>
    public Recipe Recipe(string name, string run, params string[] sets)
    {
        string server = servers.Any(one => one is FakeSglang) ? "sglang" : "vllm";
        static string List(IEnumerable<FakeServer> some) => $"[{string.Join(", ", some.Select(one => one.Address))}]";
        string[] rollouts = servers.Count == 0 ? [] : [$"rollouts.server={server}", $"rollouts.endpoints={List(servers)}", "rollouts.retries=1"];
        string[] scoring = [.. scorers.GroupBy(one => one.Section, one => one.Server).Select(group => $"scoring.{group.Key}.endpoints={List(group)}"),
            .. scorers.Count > 0 ? (string[])["scoring.retries=1"] : []];
        return tiny.Recipe(name, run, [.. rollouts, .. scoring, .. sets]);
    }

    /// <summary>Runs a recipe and gives its metrics, step by step.</summary>
    public static IReadOnlyList<IReadOnlyDictionary<string, double>> Run(Recipe recipe, CancellationToken cancellationToken,
        IProgress<TrainingProgress>? progress = null, bool resume = false)
    {
        RecipeRunner.Run(recipe, recipe.ToRunOptions(resume), progress, cancellationToken);
        return [.. MetricsLog.Read(Path.Combine(recipe.Run.Folder, MetricsLog.FileName)).Select(line => line.Values)];
    }

    public async ValueTask DisposeAsync()
    {
        foreach (FakeServer server in servers.Concat(scorers.Select(one => one.Server)))
        {
            await server.DisposeAsync();
            server.Release();
        }
    }
}
