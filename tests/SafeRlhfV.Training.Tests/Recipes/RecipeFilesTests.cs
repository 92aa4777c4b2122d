using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

public sealed class RecipeFilesTests
{
    private static readonly string[] Sets = ["paper", "one-gpu"];

    private static readonly RecipeVariables Variables = new("models/some", "mine");

    private static string Root => Path.Combine(Golden.RepositoryRoot(), "recipes");

    [Fact]
    public void EveryRecipeIsSoundAndNamesItsTrainerInItsFileName()
    {
        foreach (string set in Sets.Append("world"))
            foreach (string file in Directory.EnumerateFiles(Path.Combine(Root, set), "*.yaml"))
            {
                Recipe recipe = RecipeReader.Load(file, variables: set == "world" ? null : Variables);
                string name = Path.GetFileNameWithoutExtension(file);
                Assert.StartsWith(recipe.Trainer.Name, name);
                Assert.Equal(set switch { "paper" => $"runs/mine/{name}", "one-gpu" => $"runs/mine/{name}-one-gpu", _ => $"runs/world/{name}" },
                    recipe.Run.Folder);
            }
    }

    [Fact]
    public void EachSetHasOneFileForEachTrainer()
    {
        foreach (string set in Sets)
            Assert.Equal(
                Trainers.All.Select(trainer => trainer.Name).Order(StringComparer.Ordinal),
                Directory.EnumerateFiles(Path.Combine(Root, set)).Select(Path.GetFileNameWithoutExtension).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void OneGpuDiffersFromThePaperByAdaptersAndRatesAlone()
    {
        foreach (TrainerDefinition trainer in Trainers.All)
        {
            string[] paper = Lines("paper"), small = Lines("one-gpu");
            string[] changed = [.. small.Except(paper).Concat(paper.Except(small)).Select(line => line.Trim().Split(':')[0]).Distinct()
                .Order(StringComparer.Ordinal)];
            string[] known = ["alpha", "cost", "dropout", "folder", "learning_rate", "lora", "modules_to_save", "rank", "rank_stabilised", "reward", "sharing",
                "targets"];
            Assert.Contains("rank", changed);
            Assert.Empty(changed.Except(known));

            string[] Lines(string set) => RecipeReader.Load(Path.Combine(Root, set, $"{trainer.Name}.yaml"), variables: Variables).ToYaml().Split('\n');
        }
    }

    public static IEnumerable<TheoryDataRow<string, double, ScheduleShape, double, double>> Released =>
    [
        new("sft", 2e-5, ScheduleShape.Cosine, 0, 1), // ours; the paper gives none
        new("guard", 1e-5, ScheduleShape.Cosine, 0, 1), // ours
        new("scores", 3e-5, ScheduleShape.Cosine, 0, 3), // those of CM-V
        new("reward", 3e-5, ScheduleShape.Constant, 0, 3),
        new("cost", 3e-5, ScheduleShape.Cosine, 0, 3),
        new("dpo", 1e-6, ScheduleShape.Cosine, 0.01, 2),
    ];

    [Theory, MemberData(nameof(Released))]
    public void RecipesAndDefaultsAreTheReleasesSettings(string trainer, double rate, ScheduleShape schedule, double decay, double epochs)
    {
        foreach ((string place, Recipe recipe) in Every(trainer, "model.folder=a", "data.folder=b"))
        {
            IModelTrainingRecipe made = (IModelTrainingRecipe)recipe;
            OptimizerSettings optimizer = made.Training.Optimizer;
            Assert.True((schedule, 0.03, 0.9, 0.95, decay, epochs, 32, 4096, false) == (optimizer.Schedule, optimizer.WarmupFraction, optimizer.Beta1,
                optimizer.Beta2, optimizer.WeightDecay, made.Training.Epochs, made.Training.BatchSize, made.Training.Lengths.TotalTokens,
                made.Training.TrainVisionTower), place);
            Assert.True(optimizer.LearningRate == rate || (made.Model.Lora is not null && optimizer.LearningRate > rate), $"{place}: {optimizer.LearningRate}");
        }
    }

    [Fact]
    public void PpoIsTheReleases()
    {
        foreach ((string place, Recipe recipe)
            in Every("ppo", "model.policy=a", "model.reward=b", "model.cost=c", "data.prompts.folder=d", "data.instructions.folder=e", "model.sharing=none"))
        {
            PpoSettings training = ((PpoRecipe)recipe).Training;
            bool adapters = ((PpoRecipe)recipe).Model.Lora is not null;
            // 8 GPUs with 2 prompts each; one update and one step of lambda for each round
            Assert.True((16, 16, 1, 16, 3.0, 512) == (training.RolloutBatch, training.MiniBatch, training.UpdateEpochs, training.PtxBatch, training.Epochs,
                training.MaxNewTokens), place);
            Assert.True((16.0, 0.02, 0.2, 50.0, 5.0, 1.0, 0.95, 1.0) == (training.PtxCoefficient, training.KlCoefficient, training.ClipRange,
                training.ClipScore, training.ClipValue, training.Gamma, training.GaeLambda, training.Temperature), place);
            Assert.True((10.0, 20.0, -0.5, 0.1, 1, 128) == (training.Multiplier.Initial, training.Multiplier.Maximum, training.Multiplier.Budget,
                training.Multiplier.LearningRate, training.Multiplier.Delay, training.Multiplier.Window), place);
            foreach ((OptimizerSettings optimizer, ScheduleShape schedule)
                in new[] { (training.Actor, ScheduleShape.Cosine), (training.Critics, ScheduleShape.Constant) })
            {
                Assert.True((schedule, 0.03, 0.9, 0.95, 0.0) == (optimizer.Schedule, optimizer.WarmupFraction, optimizer.Beta1, optimizer.Beta2,
                    optimizer.WeightDecay), place);
                Assert.True(optimizer.LearningRate == 5e-7 || (adapters && optimizer.LearningRate > 5e-7), place);
            }
        }
    }

    [Fact]
    public void ASettingOfASectionLeavesTheOthersAtTheTrainersDefaults()
    {
        var reward = (ModelTrainingRecipe<RewardSettings>)RecipeReader.Parse("trainer: reward\nmodel: { folder: a }\ndata: { folder: b }\ntraining: { "
            + "optimizer: { weight_decay: 0.1 } }");
        Assert.Equal(new RewardSettings().Optimizer with { WeightDecay = 0.1 }, reward.Training.Optimizer);
        var dpo = (ModelTrainingRecipe<DpoSettings>)RecipeReader.Parse("trainer: dpo\nmodel: { folder: a }\ndata: { folder: b }",
            sets: ["training.optimizer.warmup_fraction=0"]);
        Assert.Equal(new DpoSettings().Optimizer with { WarmupFraction = 0 }, dpo.Training.Optimizer);
    }

    // the recipes of both sets, and the defaults without a recipe
    private static IEnumerable<(string Place, Recipe Recipe)> Every(string trainer, params string[] places)
    {
        yield return ("no recipe", RecipeReader.Parse($"trainer: {trainer}\n", sets: places));
        foreach (string set in Sets)
            if (Path.Combine(Root, set, $"{trainer}.yaml") is var file) yield return (file, RecipeReader.Load(file, variables: Variables));
    }

    [Fact]
    public void EveryAblationIsSoundAndItsVariantsDiffer()
    {
        string[] files = [.. Directory.EnumerateFiles(Path.Combine(Root, "ablations"), "*.yaml")];
        Assert.NotEmpty(files);
        foreach (string file in files)
        {
            Ablation ablation = Ablation.Load(file, "out");
            IGrouping<string, AblationRun>[] variants = [.. ablation.Runs.GroupBy(run => run.Variant)];
            Assert.True(variants.Length > 1, file);
            Assert.Equal(variants.Length, variants.Select(variant => variant.First().Recipe.ToYamlWithoutRun()).Distinct().Count());
            Assert.Equal(ablation.Runs.Count, ablation.Runs.Select(run => run.Recipe.Run.Folder).Distinct().Count());
        }
    }

    [Fact]
    public void NamesOfVariantsMayBeInAnyScript()
    {
        using TemporaryFolder folder = new();
        string[] names = ["模式 一", "模式 二", "Größe", "rûm", "हिन्दी", "../up", "a b"];
        File.WriteAllText(folder.At("a.yaml"),
            $"base: {Path.Combine(Root, "world", "sft.yaml")}\nseeds: [1]\nmetrics: [loss]\nvariants:\n{string.Concat(names.Select(name => $"  - {{ name: "
                + $"\"{name}\", set: [] }}\n"))}");
        string[] folders = [.. Ablation.Load(folder.At("a.yaml"), "out").Runs.Select(run => run.Recipe.Run.Folder)];
        Assert.Equal(["模式-一", "模式-二", "größe", "rûm", "हिन्दी", "-up", "a-b"], folders.Select(place => Path.GetFileName(Path.GetDirectoryName(place)!)));
    }

    [Fact]
    public void AnAblationNamesWhatItNeedsAndHowToMakeIt()
    {
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Root, "ablations"), "*.yaml"))
        {
            string message = Assert.Throws<InvalidInputException>(() => Ablation.Load(file, "out").CheckPlaces()).Message;
            Assert.Contains("demo/models/start", message);
            Assert.Contains("make them first: safe-rlhf-v demo --out demo", message);
        }
    }

    /// <summary>A value for all runs may not make runs the same that are told apart by it.</summary>
    [Theory]
    [InlineData("training.seed=5", "--set training.seed=5: seeds gives training.seed; leave it out.")]
    [InlineData("run.folder=x", "--set run.folder=x: --out gives run.folder; leave it out.")]
    [InlineData("training.multiplier.maximum=2", "--set training.multiplier.maximum=2: the variants differ in it (training.multiplier.maximum=1)")]
    [InlineData("training.multiplier={maximum: 2}", "the variants differ in it")]
    [InlineData("training.rounds=2", null)] // alike in all variants
    public void WhatTellsRunsApartIsNoValueForAll(string set, string? said)
    {
        string file = Path.Combine(Root, "ablations", "budget-bound.yaml");
        if (said is null) Assert.NotEmpty(Ablation.Load(file, "out", [set]).Runs);
        else Assert.Contains(said, Assert.Throws<InvalidInputException>(() => Ablation.Load(file, "out", [set])).Message);
    }

    [Fact]
    public void AMetricThatTheTrainerDoesNotHaveIsRefusedWithThoseThatItHas()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("a.yaml"),
            $"base: {Path.Combine(Root, "world", "sft.yaml")}\nseeds: [1]\nmetrics: [loss, los]\nvariants: [{{ name: A, set: [] }}]\n");
        Assert.Contains("a.yaml: metrics: 'los' is no metric of sft; there are loss, perplexity,",
            Assert.Throws<InvalidInputException>(() => Ablation.Load(folder.At("a.yaml"), "out")).Message);
    }

    [Fact]
    public void FaultsOfAnAblationAreToldTogether()
    {
        using TemporaryFolder folder = new();
        File.WriteAllText(folder.At("a.yaml"), "base: b.yaml\nseeds: [1, x]\nvariants:\n  - { name: A, sets: [] }\n  - { name: a }\n");
        string message = Assert.Throws<InvalidInputException>(() => Ablation.Load(folder.At("a.yaml"), "out")).Message;
        foreach (string part in (string[])["line 2: seeds: 'x' must be a whole number from -9223372036854775808 to 9223372036854775807",
            "metrics: name the metrics",
            "line 4: variants: name one variant or more, each with a name of its own", "line 4: variants[0].sets: unknown key"]) Assert.Contains(part, message);
    }
}
