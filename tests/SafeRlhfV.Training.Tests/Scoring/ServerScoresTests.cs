using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

/// <summary>PPO and GRPO whose responses servers score: the same training as in process.</summary>
public sealed class ServerScoresTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    // own passes of one row and of several differ in the last bits
    private const double Tolerance = 1e-4;

    private static readonly string[] Both = ["model.sharing=none"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Texts that servers sample in place of what a random model would say: their tokens are those of the text.</summary>
    private static readonly string[] Said = ["It is a cat.", "I cannot say.", "Yes.", "Two people and a dog."];

    /// <summary>On the same samples, scored by servers alone, all is as with our own score models: rewards, costs, λ, and the updates that follow.</summary>
    [Theory]
    [InlineData("ppo", false)]
    [InlineData("ppo", true)]
    [InlineData("grpo", false, "training.group_size=2")]
    [InlineData("grpo", true, "training.group_size=2", "training.mode=log")]
    public async Task ScoresOverHttpAreThoseInProcess(string name, bool isJoint, params string[] sets)
    {
        await using ServedPpo own = new(tiny), http = new(tiny);
        foreach (ServedPpo one in (ServedPpo[])[own, http]) Force(one.Start());
        FakeClassifier[] scorers = isJoint ? [http.StartScores("both")] : http.StartScores();
        string run = $"scored/{name}-{isJoint}";
        sets = [.. sets, "training.rounds=2", "training.max_new_tokens=12", .. isJoint ? Joint() : []];
        IReadOnlyList<IReadOnlyDictionary<string, double>> inProcess = ServedPpo.Run(own.Recipe(name, $"{run}/own", sets), Cancel);
        IReadOnlyList<IReadOnlyDictionary<string, double>> served = ServedPpo.Run(
            http.Recipe(name, $"{run}/http", ["scoring.retokenised=refuse", .. sets]), Cancel);
        Same(inProcess, served);
        Assert.All(served, step => Assert.Equal(0, step["retokenised_share"]));
        Assert.Contains(served, step => step["reward"] != served[0]["reward"]);
        // probe rows once, then each response of each round
        int rounds = served.Count, responses = name == "grpo" ? 8 : 4;
        Assert.All(scorers, scorer => Assert.Equal(16 + rounds * responses, scorer.Asked.Count(path => path == "/classify")));
    }

    /// <summary>The same with the recorded models, of another family, which a real server read.</summary>
    [Theory]
    [InlineData("ppo")]
    [InlineData("grpo", "training.group_size=2")]
    public async Task TheRecordedModelsTrainAlike(string name, params string[] sets)
    {
        string policy = Recording.At("model"), scores = Directory.EnumerateDirectories(Recording.At(), "reward-*").Order(StringComparer.Ordinal)
            .Last(); // of both scores
        sets = [.. sets, $"model.policy={policy}", $"model.reward={scores}", $"model.cost={scores}", "training.rounds=2", "training.max_new_tokens=16"];
        await using ServedPpo own = new(tiny), http = new(tiny);
        foreach (ServedPpo one in (ServedPpo[])[own, http]) Force(one.Start(policy: policy), 16);
        FakeClassifier server = http.StartScores("both", scores);
        IReadOnlyList<IReadOnlyDictionary<string, double>> inProcess = ServedPpo.Run(own.Recipe(name, $"recorded/{name}/own", sets), Cancel);
        Same(inProcess, ServedPpo.Run(http.Recipe(name, $"recorded/{name}/http", ["scoring.retokenised=refuse", .. sets]), Cancel));
        Assert.True(server.Asked.Count(path => path == "/classify") > 16);
    }

    /// <summary>What a random model samples is no text; our own models score that, and servers the rest, whoever samples.</summary>
    [Theory]
    [InlineData("ppo", false)]
    [InlineData("ppo", true)]
    [InlineData("grpo", true)]
    public async Task WhatNoTextGivesIsScoredByOurOwnModels(string name, bool samplesThere)
    {
        await using ServedPpo http = new(tiny);
        if (samplesThere) http.Start();
        http.StartScores();
        string run = $"own/{name}-{samplesThere}";
        string[] sets = name == "ppo" ? ["training.rounds=2"] : ["training.rounds=2", "training.resample=1"];
        Same(ServedPpo.Run(tiny.Recipe(name, $"{run}/own", sets), Cancel),
            ServedPpo.Run(http.Recipe(name, $"{run}/http", ["scoring.retokenised=own", .. sets]), Cancel));
    }

    /// <summary>Where answers are checked and thoughts costed by themselves, servers score both; without RM-V they score the cost alone.</summary>
    [Theory]
    [InlineData("ppo-checked")]
    [InlineData("grpo-checked", "training.group_size=2")]
    public async Task CostsOfWholeResponsesAndOfAnswersAreThoseInProcess(string name, params string[] sets)
    {
        await using ServedPpo own = new(tiny), http = new(tiny);
        foreach (ServedPpo one in (ServedPpo[])[own, http]) Force(one.Start(), 64, "<think>It is a cat.</think> Yes.", "<think>No.</think>I cannot say.");
        if (name == "ppo-checked") http.StartScores("cost");
        else http.StartScores();
        sets = [.. sets, "training.rounds=2", "training.max_new_tokens=64"];
        IReadOnlyList<IReadOnlyDictionary<string, double>> inProcess = ServedPpo.Run(own.Recipe(name, $"checked/{name}/own", sets), Cancel);
        Same(inProcess, ServedPpo.Run(http.Recipe(name, $"checked/{name}/http", ["scoring.retokenised=own", .. sets]), Cancel));
        Assert.All(inProcess, step => Assert.NotEqual(step["cost_all"], step["cost_answer"]));
    }

    /// <summary>Heads that are joined in the trainer are not what a server gives.</summary>
    [Fact]
    public async Task AnEnsembleIsRefused()
    {
        await using ServedPpo http = new(tiny);
        http.StartScores();
        foreach (string file in Directory.EnumerateFiles(tiny.At("reward")))
        {
            Directory.CreateDirectory(tiny.At("reward-of-three"));
            File.Copy(file, tiny.At("reward-of-three", Path.GetFileName(file)));
        }
        using (VisionLanguageModel model = ModelCheckpoint.Load(tiny.At("reward")))
        using (ScoreHead heads = ScoreHead.Create(model.HiddenSize, 1, 3, kind: ModelKind.Reward, heads: 3)) heads.Save(tiny.At("reward-of-three"));
        InvalidInputException error = Assert.Throws<InvalidInputException>(() => ServedPpo.Run(
            http.Recipe("ppo", "ensemble", $"model.reward={tiny.At("reward-of-three")}"), Cancel));
        Assert.Contains("is an ensemble of 3 heads", error.Message, StringComparison.Ordinal);
    }

    /// <summary>By default the server scores the text that such a response decodes to, and the share is told.</summary>
    [Fact]
    public async Task WhatNoTextGivesIsScoredAsTextAndCounted()
    {
        await using ServedPpo http = new(tiny);
        http.StartScores();
        IReadOnlyList<IReadOnlyDictionary<string, double>> served = ServedPpo.Run(http.Recipe("ppo", "text/http", "training.rounds=2"), Cancel);
        Assert.Contains(served, step => step["retokenised_share"] > 0);
        Assert.All(served, step => Assert.True(double.IsFinite(step["reward"]) && double.IsFinite(step["cost"])));
        ServiceException error = Assert.Throws<ServiceException>(() => ServedPpo.Run(http.Recipe("ppo", "text/refused", "scoring.retokenised=refuse"), Cancel));
        Assert.Contains("does not give its tokens again", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Rows of several turns, with several images or none: each image goes to its own prompt, and texts alone go as ids.</summary>
    [Theory]
    [InlineData("ppo")]
    [InlineData("grpo")]
    public async Task ImagesGoToTheirOwnPrompts(string name)
    {
        string rows = tiny.At("multi");
        if (!Directory.Exists(rows)) DatasetMender.Write(Golden.At("formats", "multi", "paired"), rows);
        string[] sets = [$"data.prompts.folder={rows}", "training.rounds=2", "training.calibration_rows=2", "training.max_new_tokens=12",
             "training.lengths.prompt_tokens=2000",
            "training.lengths.total_tokens=2040"];
        if (name == "grpo") sets = [.. sets, "training.group_size=2"];
        await using ServedPpo own = new(tiny), http = new(tiny);
        foreach (ServedPpo one in (ServedPpo[])[own, http]) Force(one.Start());
        HashSet<int> images = [];
        foreach (FakeClassifier scorer in http.StartScores())
        {
            scorer.MostTokens = 2048;
            scorer.Fault = (_, path, body, _) =>
            {
                if (path == "/classify") lock (images) images.Add(body!.ToJsonString().Split("image_url\":{").Length - 1);
                return Task.FromResult(false);
            };
        }
        foreach (FakeServer sampler in own.Servers.Concat(http.Servers)) ((FakeVllm)sampler).MostTokens = 2048;
        Same(ServedPpo.Run(own.Recipe(name, $"multi/{name}/own", sets), Cancel),
            ServedPpo.Run(http.Recipe(name, $"multi/{name}/http", ["scoring.retokenised=refuse", .. sets]), Cancel));
        Assert.True(images.Contains(0) && images.Contains(1) && images.Max() > 1, string.Join(", ", images));
    }

    /// <summary>A run that was stopped after its scores were kept asks no server for them again, and ends in the bits of an unbroken one.</summary>
    [Theory]
    [InlineData("ppo")]
    [InlineData("grpo")]
    public async Task AResumedRunTakesItsScoresFromTheJournal(string name)
    {
        await using ServedPpo ppo = new(tiny);
        FakeClassifier[] scorers = ppo.StartScores();
        Recipe whole = ppo.Recipe(name, $"kept/{name}/whole"), broken = ppo.Recipe(name, $"kept/{name}/broken");
        ServedPpo.Run(whole, Cancel);
        using CancellationTokenSource stop = new();
        Assert.Throws<OperationCanceledException>(() => RecipeRunner.Run(broken, broken.ToRunOptions(resume: false), new StopAt(1, stop), stop.Token));
        // the rounds after the checkpoint, scored before the kill; asked again, the servers would say something else
        string[] kept = [.. Directory.EnumerateFiles(Path.Combine(whole.Run.Folder, "scores"), "*.json").Order(StringComparer.Ordinal)];
        Assert.True(kept.Length >= 3);
        foreach (string file in kept) File.Copy(file, Path.Combine(broken.Run.Folder, "scores", Path.GetFileName(file)), overwrite: true);
        foreach (FakeClassifier scorer in scorers) scorer.Scores.Off = 5;
        int[] asked = [.. scorers.Select(scorer => scorer.Asked.Count)];
        ServedPpo.Run(broken, Cancel, resume: true);
        RunFolders.Equal(whole.Run.Folder, broken.Run.Folder);
        Assert.Equal(asked, scorers.Select(scorer => scorer.Asked.Count));
    }

    /// <summary>Rank 0 asks the servers; what comes back, and what does not, is everybody's.</summary>
    [Theory]
    [InlineData("ppo")]
    [InlineData("grpo")]
    public async Task TwoRanksTrainAsOneProcess(string name)
    {
        await using ServedPpo ppo = new(tiny);
        FakeClassifier[] scorers = ppo.StartScores();
        string[] sets = ["training.rounds=2", "training.micro_batch=1", "scoring.retokenised=own"];
        IReadOnlyList<IReadOnlyDictionary<string, double>> one = ServedPpo.Run(ppo.Recipe(name, $"ranks/{name}/one", sets), Cancel);
        Recipe recipe = ppo.Recipe(name, $"ranks/{name}/two", sets);
        Train();
        Same(one, [.. MetricsLog.Read(Path.Combine(recipe.Run.Folder, MetricsLog.FileName)).Select(line => line.Values)]);
        scorers[1].IsDead = true;
        recipe = ppo.Recipe(name, $"ranks/{name}/dead", sets);
        AggregateException error = Assert.Throws<AggregateException>(Train);
        Assert.Contains("scoring.cost.endpoints: no server is left", Assert.IsType<ServiceException>(error.InnerException).Message, StringComparison.Ordinal);

        void Train() => ThreadRanks.Run(2, ranks => RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false) with { Ranks = ranks }, null, Cancel));
    }

    private string[] Joint() => [.. Both, $"model.reward={tiny.At("scores")}", $"model.cost={tiny.At("scores")}"];

    private static void Force(FakeServer server, int most = 12, params string[] said)
    {
        ModelProcessor processor = server.Engine.Processor;
        int[][] texts = [.. (said.Length > 0 ? said : Said)
            .Select(text => processor.EncodeResponse(processor.EncodePrompt("What is it?", null), text)).Where(ids => ids.Length <= most)];
        Assert.True(texts.Length > 1);
        // responses to one prompt differ: equal ones score alike here, and in process but for the last bits
        Dictionary<long, int> rows = (
            from round in Enumerable.Range(0, 3)
            from row in Enumerable.Range(0, 16)
            select (Seed: ServerRollouts.SeedOf(ServedPpo.Seed, $"{EpisodeSampler.StreamOf(round, 0)}/{row}"), Text: round + row))
            .ToDictionary(one => one.Seed, one => one.Text);
        server.Engine.Forced = seed => texts[rows.GetValueOrDefault(seed) % texts.Length];
    }

    private static void Same(IReadOnlyList<IReadOnlyDictionary<string, double>> expected, IReadOnlyList<IReadOnlyDictionary<string, double>> actual)
    {
        Assert.Equal(expected.Count, actual.Count);
        foreach ((IReadOnlyDictionary<string, double> was, IReadOnlyDictionary<string, double> now) in expected.Zip(actual))
            Assert.All(was, metric => Assert.True(Math.Abs(now[metric.Key] - metric.Value) <= Tolerance * (1 + Math.Abs(metric.Value)),
                $"{metric.Key}: {now[metric.Key]}, expected {metric.Value}"));
    }
}
