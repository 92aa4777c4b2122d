using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

/// <summary>The tiny PPO recipes, sampled by servers that tests play.</summary>
internal sealed class ServedPpo : IAsyncDisposable
{
    private const long Seed = 5;
    private readonly TinyRecipes tiny;
    private readonly List<FakeServer> servers = [];

    public ServedPpo(TinyRecipes tiny) => this.tiny = tiny;

    public static string Policy => Golden.At("models", "llava-1.5-tiny");

    public IReadOnlyList<FakeServer> Servers => servers;

    /// <summary>A server that draws as the trainer itself would: its seeds stand for the streams of the rounds' rows.</summary>
    public FakeServer Start(RolloutServer kind = RolloutServer.Vllm)
    {
        Dictionary<long, string> streams = (
            from round in Enumerable.Range(0, 8)
            from draw in Enumerable.Range(0, 3)
            from row in Enumerable.Range(0, 16)
            select $"{EpisodeSampler.StreamOf(round, draw)}/{row}")
            .ToDictionary(name => ServerRollouts.SeedOf(Seed, name));
        FakeEngine engine = new(Policy) { StreamOf = seed => new RandomStream(Seed, streams.GetValueOrDefault(seed) ?? $"other/{seed}") };
        FakeServer server = kind == RolloutServer.Vllm ? new FakeVllm(engine) : new FakeSglang(engine);
        servers.Add(server);
        return server;
    }

    /// <summary>A recipe whose rollouts the servers sample.</summary>
    public Recipe Recipe(string name, string run, params string[] sets)
    {
        string server = servers.Any(one => one is FakeSglang) ? "sglang" : "vllm";
        return tiny.Recipe(name, run, [$"rollouts.server={server}", $"rollouts.endpoints=[{string.Join(", ", servers.Select(one => one.Address))}]",
            "rollouts.retries=1", .. sets]);
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
        foreach (FakeServer server in servers)
        {
            await server.DisposeAsync();
            server.Engine.Dispose();
        }
    }
}
