namespace SafeRlhfV.Training.Tests;

/// <summary>PPO whose responses servers sample: the same training as in process.</summary>
public sealed class PpoServerTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    // own passes of one row and of several differ in the last bits, and so do the log-probabilities of sampling and of a pass over the whole text
    private const double Tolerance = 1e-4;

    private static readonly string[] Servers = ["weight_mean", "weight_p95", "weight_outside_share", "weight_capped_share"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("ppo-backbone", RolloutServer.Vllm, false)]
    [InlineData("ppo-backbone", RolloutServer.Vllm, true)]
    [InlineData("ppo-backbone", RolloutServer.Sglang, false)]
    [InlineData("ppo-joint", RolloutServer.Vllm, false)]
    [InlineData("ppo", RolloutServer.Vllm, false)]
    [InlineData("ppo", RolloutServer.Sglang, false)]
    public async Task OverHttpItEqualsPpoInProcess(string name, RolloutServer kind, bool stream)
    {
        await using ServedPpo ppo = new(tiny);
        FakeServer server = ppo.Start(kind);
        string run = $"served/{name}-{kind}-{stream}";
        IReadOnlyList<IReadOnlyDictionary<string, double>> inProcess = ServedPpo.Run(tiny.Recipe(name, $"{run}/own"), Cancel);
        IReadOnlyList<IReadOnlyDictionary<string, double>> served = ServedPpo.Run(ppo.Recipe(name, $"{run}/http", $"rollouts.stream={(stream ? "true" : "false")}"), Cancel);
        Assert.Equal(inProcess.Count, served.Count);
        foreach ((IReadOnlyDictionary<string, double> own, IReadOnlyDictionary<string, double> http) in inProcess.Zip(served))
        {
            Assert.Equal(own.Keys.Order(), http.Keys.Except(Servers).Order());
            foreach ((string metric, double value) in own) Assert.True(Math.Abs(http[metric] - value) <= Tolerance * (1 + Math.Abs(value)), $"{metric}: {value} in process, {http[metric]} over HTTP");
            Assert.Equal(own["length"], http["length"]);
            Assert.Equal(1, http["weight_mean"], 1e-4);
            Assert.Equal(0, http["weight_outside_share"]);
        }
        // nothing is left of what was written for the server
        Assert.Empty(server.Engine.Adapters);
        Assert.Empty(Directory.EnumerateDirectories(tiny.At($"{run}/http", "rollouts")));
    }
}
