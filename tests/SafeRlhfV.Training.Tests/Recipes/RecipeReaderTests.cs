using System.Reflection;
using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training.Tests;

public sealed class RecipeReaderTests
{
    private const string Reward = """
        trainer: reward
        model:
          folder: models/sft
          dtype: bfloat16
          lora: { rank: 8, alpha: 16, targets: [q_proj, v_proj] }
        data: { folder: data/world, config: animal_abuse }
        training:
          seed: 3
          batch_size: 16
          vision_cache_bytes: 3GiB
          optimizer: { learning_rate: 3e-4, schedule: linear, floor_fraction: 0.1 }
          lengths: { too_long: cut_response }
        run: { folder: runs/reward, save_every: 50 }
        """;

    private const string Ppo = """
        trainer: ppo
        model: { policy: models/sft, reward: runs/reward/result, cost: runs/cost/result, lora: {} }
        data: { prompts: { folder: data/world } }
        training:
          ptx_coefficient: 0
          rounds: 80
          mode: projected
          multiplier: { initial: 0.2, maximum: , budget: -1.2 }
        """;

    [Fact]
    public void KeysBecomeTheRecordsAndTheRestKeepsItsDefaults()
    {
        var recipe = Assert.IsType<ModelTrainingRecipe<RewardSettings>>(RecipeReader.Parse(Reward));
        Assert.Equal((Trainers.All.Find("reward"), 3L, "models/sft", WeightType.Bfloat16, "cpu"),
            (recipe.Trainer, recipe.Seed, recipe.Model.Folder, recipe.Model.Dtype, recipe.Model.Device));
        Assert.Equal((8, 16.0, 0.0), (recipe.Model.Lora!.Rank, recipe.Model.Lora.Alpha, recipe.Model.Lora.Dropout));
        Assert.Equal(["q_proj", "v_proj"], recipe.Model.Lora.Targets);
        Assert.Equal(new DataRecipe { Folder = "data/world", Config = "animal_abuse" }, recipe.Data);
        Assert.Equal(new OptimizerSettings { LearningRate = 3e-4, Schedule = ScheduleShape.Linear, FloorFraction = 0.1 }, recipe.Training.Optimizer);
        Assert.Equal(new RewardSettings().Eta, recipe.Training.Eta);
        Assert.Equal((16, 3L << 30, TooLong.CutResponse), (recipe.Training.BatchSize, recipe.Training.VisionCacheBytes, recipe.Training.Lengths.TooLong));
        Assert.Equal(50, recipe.Run.SaveEvery);

        var ppo = Assert.IsType<PpoRecipe>(RecipeReader.Parse(Ppo));
        Assert.Equal((80L, MultiplierMode.Projected, 0.2, -1.2),
            (ppo.Training.Rounds, ppo.Training.Mode, ppo.Training.Multiplier.Initial, ppo.Training.Multiplier.Budget));
        Assert.Null(ppo.Training.Multiplier.Maximum); // an empty value means none where none is possible
        Assert.NotNull(ppo.Model.Lora);
        Assert.Null(ppo.Data.Instructions);
    }

    [Theory]
    [InlineData(Reward)]
    [InlineData(Ppo)]
    [InlineData("trainer: guard\nmodel: { folder: a }\ndata: { folder: \"C:\\\\d: #1\", split: }\ntraining: { severity_row_weights: [1, 1, 2, 3.5] }")]
    [InlineData("trainer: dpo\nmodel: { folder: a }\ndata: { folder: b }\ntraining: { preference: safe, max_steps: 5 }")]
    [InlineData("trainer: dpo\nmodel: { folder: a }\ndata: { folder: b }\ntraining: { preference: safe_helpful, delta: 4, both_unsafe: keep }")]
    [InlineData("trainer: dpo\nmodel: { folder: a }\ndata: { folder: b }\ntraining: { beta: margin, beta_margin: { slope: -0.5, mean: 1.5 } }")]
    [InlineData("trainer: cost\nmodel: { folder: a }\ndata: { folder: b }\ntraining: { labels: sign }")]
    [InlineData("trainer: sft\nmodel: { folder: a }\ndata: { folder: b }")]
    public void TheEffectiveRecipeReadsBackAsItself(string yaml)
    {
        Recipe recipe = RecipeReader.Parse(yaml);
        Recipe again = RecipeReader.Parse(recipe.ToYaml());
        Assert.Equal(recipe.ToYaml(), again.ToYaml());
        Assert.Equal(recipe.GetType(), again.GetType());
        Assert.Contains("\nrun:\n", recipe.ToYaml());
        Assert.DoesNotContain("\nrun:\n", recipe.ToYamlWithoutRun());
        Assert.Equal(recipe.ToYamlWithoutRun(), RecipeReader.Parse(recipe.ToYamlWithoutRun(), sets: ["run.folder=elsewhere"]).ToYamlWithoutRun());
    }

    [Fact]
    public void AllFaultsAreReportedTogetherWithTheirLines()
    {
        string message = Assert.Throws<InvalidInputException>(() => RecipeReader.Parse("""
            trainer: reward
            model: { folder: a, dtype: float16, device: gpu, lora: { rank: 4 } }
            data: {}
            training:
              batch_size: 8
              micro_batch_size: 16
              epochs: 0
              learning_rate: 1e-4
              train_vision_tower: yes
              seed: 1.5
              optimizer:
                learning_rate: NaN
                beta2: 1
              lengths: { prompt_tokens: 101, response_tokens: 102, total_tokens: 100 }
              vision_cache_bytes: 2GB
            run: 7
            """, "r.yaml")).Message;
        Assert.StartsWith("r.yaml has 14 faults: ", message);
        foreach (string part in (string[])[
            "line 2: model.dtype: 'float16' must be one of float32, bfloat16",
            "line 2: model.device: 'gpu' must be cpu, cuda or cuda:N",
            "line 3: data.folder: is missing: the data set",
            "line 6: training.micro_batch_size: 16 is more than batch_size 8",
            "line 7: training.epochs: '0' must be a number above 0 and at most 1000000",
            "line 8: training.learning_rate: unknown key",
            "line 9: training.train_vision_tower: 'yes' must be true or false",
            "line 10: training.seed: '1.5' must be a whole number",
            "line 12: training.optimizer.learning_rate: 'NaN' must be a number above 0 and at most 10",
            "line 13: training.optimizer.beta2: '1' must be a number at least 0 and below 1",
            "line 14: training.lengths.prompt_tokens: 101 is more than total_tokens 100",
            "line 14: training.lengths.response_tokens: 102 is more than total_tokens 100",
            "line 15: training.vision_cache_bytes: '2GB' must be a whole number",
            "line 16: run: must be a mapping"])
            Assert.Contains(part, message);
    }

    [Theory]
    [InlineData("model.sharing=none", "model.lora: sharing: none trains all weights")]
    [InlineData("model.lora.targets=[q_proj,v_porj]", "model.lora.targets: 'v_porj' is no linear layer of a block; there are q_proj")]
    [InlineData("model.lora=", "model.lora: sharing: backbone trains adapters")]
    [InlineData("model.lora.modules_to_save=[lm_head] rollouts.endpoints=[http://localhost:1]", "model.lora.modules_to_save: the servers that sample")]
    [InlineData("training.mini_batch=200", "mini_batch: 200 is more than rollout_batch 16")]
    [InlineData("training.micro_batch=200", "micro_batch: 200 is more than mini_batch 16")]
    [InlineData("training.rollout_micro_batch=200", "rollout_micro_batch: 200 is more than rollout_batch 16")]
    [InlineData("training.ptx_coefficient=1", "PTX needs data.instructions")]
    [InlineData("training.multiplier.maximum=0.1", "0.2 is above maximum 0.1")]
    [InlineData("training.mode=log training.multiplier.initial=0", "mode log cannot leave 0")]
    [InlineData("training.seed=9223372036854775808",
        "'9223372036854775808' must be a whole number at least -9223372036854775808 and at most 9223372036854775807")]
    [InlineData("training.vision_cache_bytes=-1", "'-1' must be a whole number at least 0 and at most 1125899906842624")]
    [InlineData("training.actor.beta1=1", "'1' must be a number at least 0 and below 1")]
    [InlineData("training.cvar_alpha=0.5", "training.cvar_alpha: has an effect with constraint: cvar only")]
    [InlineData("training.cvar_learning_rate=0.5", "training.cvar_learning_rate: has an effect with constraint: cvar only")]
    [InlineData("training.overlong_penalty=2", "training.overlong_penalty: has an effect with overlong: penalise only")]
    [InlineData("training.severity.bands=[0,1,2] training.multiplier.budget=3", "training.multiplier.budget: is not read: severity.budgets take its place")]
    [InlineData("training.actor.schedule=constant training.actor.floor_fraction=0.1", "training.actor.floor_fraction: has no effect with schedule: constant")]
    [InlineData("training.critics.floor_fraction=0.1", "training.critics.floor_fraction: has no effect with schedule: constant")]
    [InlineData("training.lengths.response_tokens=5000", "5000 is more than total_tokens 4096")]
    public void ImpossibleCombinationsAreRefused(string sets, string expected)
    {
        string message = Assert.Throws<InvalidInputException>(() => RecipeReader.Parse(Ppo, sets: sets.Split(' '))).Message;
        Assert.Contains(expected, message);
        Assert.Contains("1 fault:", message);
    }

    [Theory]
    [InlineData("reward")]
    [InlineData("cost")]
    [InlineData("scores")]
    [InlineData("guard")]
    public void AScoreWithAnOutputMatrixOfItsOwnIsRefused(string trainer)
    {
        string message = Assert.Throws<InvalidInputException>(() => RecipeReader.Parse($"trainer: {trainer}\nmodel: {{ folder: a }}\ndata: {{ folder: b }}",
            sets: ["model.lora.modules_to_save=[embed_tokens, lm_head]"])).Message;
        Assert.Contains("model.lora.modules_to_save: a score never reads the output matrix; leave lm_head out", message);
        Assert.Contains("1 fault:", message);
    }

    [Theory]
    [InlineData("training.delta=3", "training.delta: has an effect with preference safe_helpful only")]
    [InlineData("training.preference=safe training.both_unsafe=keep", "training.both_unsafe: has an effect with preference safe_helpful only")]
    [InlineData("training.preference=safe_helpful training.label_smoothing=0.1", "training.label_smoothing: is not for preference safe_helpful")]
    [InlineData("training.beta_margin.slope=2", "training.beta_margin: has an effect with beta: margin only")]
    [InlineData("training.beta=margin training.beta_margin.minimum=3", "training.beta_margin.minimum: 3 is more than maximum 2")]
    [InlineData("training.beta=0", "training.beta: '0' must be margin or a number above 0")]
    [InlineData("training.beta=margins", "training.beta: 'margins' must be margin or a number above 0")]
    public void SettingsOfDpoWithoutEffectAreRefused(string sets, string expected)
    {
        string message = Assert.Throws<InvalidInputException>(() =>
            RecipeReader.Parse("trainer: dpo\nmodel: { folder: a }\ndata: { folder: b }", sets: sets.Split(' '))).Message;
        Assert.Contains(expected, message);
        Assert.Contains("1 fault:", message);
    }

    [Fact]
    public void SetReplacesAddsAndIsNamedInFaults()
    {
        Recipe recipe = RecipeReader.Parse(Reward,
            sets: ["training.seed=9", "training.lengths.total_tokens=8192", "model.lora=", "run.best_metric=margin", "model.dtype=float32"]);
        var reward = Assert.IsType<ModelTrainingRecipe<RewardSettings>>(recipe);
        Assert.Equal((9L, 8192, (LoraRecipe?)null, "margin", WeightType.Float32),
            (reward.Seed, reward.Training.Lengths.TotalTokens, reward.Model.Lora, reward.Run.BestMetric, reward.Model.Dtype));
        string message = Assert.Throws<InvalidInputException>(() =>
            RecipeReader.Parse(Reward, sets: ["training.sede=9", "training.batch_size=many", "nonsense", "training.seed.x=1", "trainer=cost"])).Message;
        Assert.StartsWith("--set has 4 faults: ", message);
        Assert.Contains("training.sede: unknown key", message);
        Assert.Contains("training.batch_size: 'many' must be a whole number", message);
        Assert.Contains("'nonsense' must have the form section.key=value", message);
        Assert.Contains("'training.seed.x=1': training.seed is no section", message);
    }

    [Fact]
    public void AMetricThatTheTrainerDoesNotHaveIsRefusedWithThoseThatItHas() =>
        Assert.Contains("run.best_metric: 'acuracy' is no metric of reward; there are loss, pair_accuracy, margin",
            Assert.Throws<InvalidInputException>(() => RecipeReader.Parse(Reward, sets: ["run.best_metric=acuracy"])).Message);

    [Theory]
    [InlineData("loss", null, true)]
    [InlineData("pair_accuracy", null, false)]
    [InlineData("margin", null, false)]
    [InlineData("pair_accuracy", "true", true)]
    [InlineData("loss", "false", false)]
    [InlineData("gradient_norm", "true", true)]
    [InlineData("gradient_norm", "false", false)]
    public void TheMetricSaysWhichWayIsBetterUnlessTheRecipeDoes(string metric, string? given, bool lowest)
    {
        string[] sets = given is null ? [$"run.best_metric={metric}"] : [$"run.best_metric={metric}", $"run.best_is_lowest={given}"];
        Recipe recipe = RecipeReader.Parse(Reward, sets: sets);
        Assert.Equal(lowest, recipe.ToRunOptions(resume: false).BestIsLowest);
        Assert.Equal(lowest, RecipeReader.Parse(recipe.ToYaml()).ToRunOptions(resume: false).BestIsLowest);
    }

    [Fact]
    public void AMetricThatIsBetterNeitherWayNeedsTheKey() =>
        Assert.Contains("run.best_is_lowest: is missing: true or false; neither way is better for gradient_norm by itself",
            Assert.Throws<InvalidInputException>(() => RecipeReader.Parse(Reward, sets: ["run.best_metric=gradient_norm"])).Message);

    [Fact]
    public void TheTrainerMustBeTheOneAskedFor()
    {
        Assert.Contains("line 1: trainer: the recipe is for reward, and cost was asked for",
            Assert.Throws<InvalidInputException>(() => RecipeReader.Parse(Reward, trainer: Trainers.All.Find("cost"))).Message);
        string missing = Assert.Throws<InvalidInputException>(() => RecipeReader.Parse("model: { folder: a, cost: c }\ntraining: { rounds: 3 }")).Message;
        Assert.StartsWith("recipe has 1 fault: line 1: trainer: is missing: one of ", missing); // no other: its keys are those of the trainer
        Assert.StartsWith("recipe has 1 fault: line 1: trainer: 'none' must be one of ",
            Assert.Throws<InvalidInputException>(() => RecipeReader.Parse("trainer: none\nmodel: { folder: a, cost: c }")).Message);
        Assert.Equal(Trainers.All.Find("sft"), RecipeReader.Parse("model: { folder: a }\ndata: { folder: b }", trainer: Trainers.All.Find("sft")).Trainer);
    }

    [Fact]
    public void EveryNumberHasLimits()
    {
        foreach (TrainerDefinition trainer in Trainers.All) CheckLimits(trainer.RecipeType, []);
    }

    private static void CheckLimits(Type type, HashSet<Type> met)
    {
        if (!met.Add(type)) return;
        foreach (PropertyInfo property in SettingsBinder.Properties(type))
        {
            Type inner = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (SettingsBinder.IsSection(inner)) CheckLimits(inner, met);
            else if (inner == typeof(int) || inner == typeof(long) || inner == typeof(double) || inner == typeof(IReadOnlyList<double>))
                Assert.NotNull(SettingLimits.Of(property));
        }
    }
}
