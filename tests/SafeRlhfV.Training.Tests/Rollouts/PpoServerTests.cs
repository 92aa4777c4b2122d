using SafeRlhfV.Data;
using SafeRlhfV.Testing;

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
    [InlineData("grpo", RolloutServer.Vllm, false, "training.temperature=0.02", "training.max_new_tokens=1", "training.group_size=2",
        "training.resample=2", "training.actor.learning_rate=1e-7")]
    public async Task OverHttpItEqualsPpoInProcess(string name, RolloutServer kind, bool stream, params string[] sets)
    {
        await using ServedPpo ppo = new(tiny);
        FakeServer server = ppo.Start(kind);
        string run = $"served/{name}-{kind}-{stream}";
        IReadOnlyList<IReadOnlyDictionary<string, double>> inProcess = ServedPpo.Run(tiny.Recipe(name, $"{run}/own", sets), Cancel);
        IReadOnlyList<IReadOnlyDictionary<string, double>> served =
            ServedPpo.Run(ppo.Recipe(name, $"{run}/http", [$"rollouts.stream={(stream ? "true" : "false")}", .. sets]), Cancel);
        Assert.Equal(inProcess.Count, served.Count);
        // a temperature of 0.02 makes differences of logits 50 times as large
        double tolerance = name == "grpo" ? 10 * Tolerance : Tolerance;
        foreach ((IReadOnlyDictionary<string, double> own, IReadOnlyDictionary<string, double> http) in inProcess.Zip(served))
        {
            Assert.Equal(own.Keys.Order(), http.Keys.Except(Servers).Order());
            foreach ((string metric, double value) in own) Assert.True(Math.Abs(http[metric] - value) <= tolerance * (1 + Math.Abs(value)),
                $"{metric}: {value} in process, {http[metric]} over HTTP");
            Assert.Equal(own["length"], http["length"]);
            Assert.Equal(1, http["weight_mean"], 1e-4);
            Assert.Equal(0, http["weight_outside_share"]);
        }
        if (name == "grpo") Assert.True(served.Sum(step => step["resampled"]) > 0, "no group was drawn again");
        // nothing is left of what was written for the server
        Assert.Empty(server.Engine.Adapters);
        Assert.Empty(Directory.EnumerateDirectories(tiny.At($"{run}/http", "rollouts")));
    }

    [Fact]
    public async Task WeightsOutsideTheirBoundsAreCutOrLeftOut()
    {
        await using ServedPpo ppo = new(tiny);
        ppo.Start();
        // all ratios are 1 within rounding: a cap of 1 and a floor of 1 leave out what is not exactly 1, and cutting makes all of them 1
        string[] bounds = ["rollouts.weight_cap=1", "rollouts.weight_floor=1", "training.rounds=1"];
        double[] losses = [.. new[] { "", "rollouts.weight_masks=true", "rollouts.weight_whole=true" }.Select((set, i) =>
            ServedPpo.Run(ppo.Recipe("ppo", $"bounds/{i}", [.. bounds, .. set.Length > 0 ? (string[])[set] : []]), Cancel)[0]["actor_loss"])];
        double inProcess = ServedPpo.Run(tiny.Recipe("ppo", "bounds/own", "training.rounds=1"), Cancel)[0]["actor_loss"];
        Assert.Equal(inProcess, losses[0], 1e-4);
        Assert.Equal(inProcess, losses[2], 1e-4);
        Assert.NotEqual(inProcess, losses[1], 1e-4);
    }

    /// <summary>Rank 0 asks the servers; what comes back, and what does not, is everybody's.</summary>
    [Fact]
    public async Task TwoRanksTrainAsOneProcess()
    {
        await using ServedPpo ppo = new(tiny);
        FakeServer server = ppo.Start();
        IReadOnlyList<IReadOnlyDictionary<string, double>> one = ServedPpo.Run(ppo.Recipe("ppo-backbone", "ranks/one", "training.micro_batch=1"), Cancel);
        int asked = server.Asked.Count;
        Recipe recipe = ppo.Recipe("ppo-backbone", "ranks/two", "training.micro_batch=1");
        Train();
        Assert.Equal(2 * asked, server.Asked.Count);
        (long, IReadOnlyDictionary<string, double> Values)[] two = [.. MetricsLog.Read(Path.Combine(recipe.Run.Folder, MetricsLog.FileName))];
        foreach ((IReadOnlyDictionary<string, double> was, (_, IReadOnlyDictionary<string, double> now)) in one.Zip(two))
            Assert.All(was, metric => Assert.Equal(metric.Value, now[metric.Key], Tolerance * (1 + Math.Abs(metric.Value))));
        server.IsDead = true;
        recipe = ppo.Recipe("ppo-backbone", "ranks/dead", "training.micro_batch=1");
        AggregateException error = Assert.Throws<AggregateException>(Train);
        Assert.Contains("no server is left", Assert.IsType<ServiceException>(error.InnerException).Message, StringComparison.Ordinal);

        void Train() => ThreadRanks.Run(2, ranks => RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false) with { Ranks = ranks }, null, Cancel));
    }

    /// <summary>A run that was killed after its rollouts were kept asks no server for them again, and ends in the bits of an unbroken one.</summary>
    [Theory]
    [InlineData("ppo-backbone")]
    [InlineData("ppo")]
    public async Task AResumedRunTakesItsRolloutsFromTheJournal(string name)
    {
        await using ServedPpo ppo = new(tiny);
        FakeServer server = ppo.Start();
        Recipe whole = ppo.Recipe(name, $"journal/{name}/whole"), broken = ppo.Recipe(name, $"journal/{name}/broken");
        ServedPpo.Run(whole, Cancel);
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() => RecipeRunner.Run(broken, broken.ToRunOptions(resume: false), new StopAt(1, stop), stop.Token));
        // the rounds after the checkpoint, sampled before the kill; asked again, the server would say something else
        string[] kept = [.. Directory.EnumerateFiles(Path.Combine(whole.Run.Folder, "rollouts"), "*.json").Order(StringComparer.Ordinal)];
        Assert.Equal(3, kept.Length);
        foreach (string file in kept) File.Copy(file, Path.Combine(broken.Run.Folder, "rollouts", Path.GetFileName(file)), overwrite: true);
        server.Engine.StreamOf = seed => new RandomStream(seed, "something else");
        int asked = server.Asked.Count;
        ServedPpo.Run(broken, Cancel, resume: true);
        RunFolders.Equal(whole.Run.Folder, broken.Run.Folder);
        Assert.Equal(asked, server.Asked.Count);
    }

    /// <summary>Servers may be elsewhere when a run goes on, and reached otherwise; the rounds that are kept are still its own.</summary>
    [Fact]
    public async Task ARunGoesOnWithOtherServers()
    {
        await using ServedPpo ppo = new(tiny), moved = new(tiny);
        FakeServer first = ppo.Start(), second = moved.Start();
        Recipe whole = ppo.Recipe("ppo-backbone", "moved/whole"), before = ppo.Recipe("ppo-backbone", "moved/broken");
        IReadOnlyList<IReadOnlyDictionary<string, double>> expected = ServedPpo.Run(whole, Cancel);
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() => RecipeRunner.Run(before, before.ToRunOptions(resume: false), new StopAt(1, stop), stop.Token));
        first.IsDead = true;
        // the second round was sampled before the stop
        const string Round = "round-00000001.json";
        File.Copy(Path.Combine(whole.Run.Folder, "rollouts", Round), Path.Combine(before.Run.Folder, "rollouts", Round), overwrite: true);
        Recipe after = moved.Recipe("ppo-backbone", "moved/broken", "rollouts.concurrency=1", "rollouts.timeout_seconds=50");
        Notes notes = new();
        IReadOnlyList<IReadOnlyDictionary<string, double>> metrics = ServedPpo.Run(after, Cancel, notes, resume: true);
        Assert.All(expected.Zip(metrics), pair => Assert.Equal(pair.First, pair.Second));
        foreach (string key in (string[])["endpoints", "concurrency", "timeout_seconds"])
            Assert.Contains(notes.All, note => note.StartsWith($"rollouts.{key} has changed since the run started", StringComparison.Ordinal));
        Assert.Equal(1, second.Asked.Count(path => path == "/v1/load_lora_adapter"));
        Recipe other = moved.Recipe("ppo-backbone", "moved/broken", "rollouts.weight_cap=3");
        Assert.Contains("another recipe", Assert.Throws<InvalidInputException>(() => ServedPpo.Run(other, Cancel, resume: true)).Message);
    }

    /// <summary>Rollouts of other prompts or of another recipe are not taken.</summary>
    [Fact]
    public async Task RolloutsOfAnotherRecipeAreNotTaken()
    {
        await using ServedPpo ppo = new(tiny);
        FakeServer server = ppo.Start();
        Recipe first = ppo.Recipe("ppo-backbone", "journal/first", "training.rounds=1"), other = ppo.Recipe("ppo-backbone", "journal/other",
            "training.rounds=1", "training.ptx_batch=3");
        ServedPpo.Run(first, Cancel);
        Directory.CreateDirectory(Path.Combine(other.Run.Folder, "rollouts"));
        foreach (string file in Directory.EnumerateFiles(Path.Combine(first.Run.Folder, "rollouts"), "*.json")) File.Copy(file,
            Path.Combine(other.Run.Folder, "rollouts", Path.GetFileName(file)));
        int asked = server.Asked.Count;
        ServedPpo.Run(other, Cancel);
        Assert.True(server.Asked.Count > asked);
    }

    [Theory]
    [InlineData("rollouts.endpoints=[]", "rollouts.endpoints")]
    [InlineData("rollouts.endpoints=[somewhere]", "must be an address")]
    [InlineData("rollouts.top_p=0.9", "top_p")]
    [InlineData("rollouts.top_k=5", "top_k")]
    [InlineData("training.top_p=0.9", "top_p")]
    [InlineData("rollouts.server=tgi", "vllm, sglang")]
    [InlineData("rollouts.weight_cap=0.5", "weight_cap")]
    [InlineData("rollouts.weight_floor=1.5", "weight_floor")]
    [InlineData("rollouts.server_folder=/there", "rollouts.folder")]
    [InlineData("rollouts.key_variable=SAFERLHFV_NO_SUCH_VARIABLE", "is not set")]
    public void ARecipeThatCannotBeIsRefused(string set, string said) =>
        Assert.Contains(said, Assert.Throws<InvalidInputException>(() => tiny.Recipe("ppo-backbone", "x", "rollouts.endpoints=[http://127.0.0.1:1]",
            set)).Message, StringComparison.Ordinal);

    /// <summary>Whatever the file, a server gets the pixels that our own model sees.</summary>
    [Fact]
    public void ImagesAreSentAsOurModelSeesThem()
    {
        foreach (string file in Directory.EnumerateFiles(Golden.At("images"))
            .Where(file => Path.GetExtension(file) is ".jpg" or ".png" or ".webp" or ".gif" or ".bmp"
            && !Path.GetFileName(file).StartsWith("bad", StringComparison.Ordinal)))
        {
            byte[] bytes = File.ReadAllBytes(file);
            RgbImage seen = ImageDecoder.Decode(bytes), sent = FakeEngine.Decode(ServerMessage.Address(bytes));
            Assert.Equal((seen.Width, seen.Height), (sent.Width, sent.Height));
            Assert.True(seen.Pixels.AsSpan().SequenceEqual(sent.Pixels), file);
        }
    }
}
