using System.Text.Json;
using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

public sealed class RecipeRunnerTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    public static IEnumerable<TheoryDataRow<string>> Few => TinyRecipes.Few.Select(name => new TheoryDataRow<string>(name));

    public static IEnumerable<TheoryDataRow<string>> Rest => TinyRecipes.Rest.Select(name => new TheoryDataRow<string>(name));

    [Theory, MemberData(nameof(Rest)), Trait("speed", "slow")]
    public void TheOthersToo(string name) => StoppedTwiceItEndsInTheBitsOfAnUnbrokenRun(name);

    [Theory, MemberData(nameof(Few))]
    public void StoppedTwiceItEndsInTheBitsOfAnUnbrokenRun(string name)
    {
        Recipe whole = tiny.Recipe(name, $"{name}/whole"), broken = tiny.Recipe(name, $"{name}/broken");
        Assert.True(RecipeRunner.Run(whole, whole.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken));
        Assert.All(MetricsLog.Read(Path.Combine(whole.Run.Folder, MetricsLog.FileName)).First().Values.Keys,
            metric => Assert.Contains(whole.Trainer.Metrics, known => known.Name == metric));
        // encoding ahead may be turned on and off from part to part
        foreach (int stop in (int[])[1, 2])
        {
            using CancellationTokenSource cancel = new();
            RunOptions options = broken.ToRunOptions(resume: stop > 1) with { EncodeAhead = stop == 1 };
            Assert.Throws<OperationCanceledException>(() => RecipeRunner.Run(broken, options, new StopAt(stop, cancel), cancel.Token));
        }
        Assert.True(RecipeRunner.Run(broken, broken.ToRunOptions(resume: true) with { EncodeAhead = true },
            cancellationToken: TestContext.Current.CancellationToken));
        RunFolders.Equal(whole.Run.Folder, broken.Run.Folder);
        Assert.False(RecipeRunner.Run(broken, broken.ToRunOptions(resume: true), cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal(whole.ToYamlWithoutRun(), File.ReadAllText(Path.Combine(whole.Run.Folder, "result", "recipe.yaml")));
    }

    /// <summary>Who cannot release a policy must not train a candidate.</summary>
    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public void APolicyToBeCertifiedIsTrainedByWhoReleasesIt(string tighten)
    {
        Recipe recipe = tiny.Recipe("grpo", $"certify/{tighten}", $"certify.folder={tiny.At("world")}", "certify.range=[-50, 50]",
            $"certify.tighten={tighten}");
        Assert.Contains("certifies a policy, and nothing else does", Assert.Throws<InvalidInputException>(() =>
            RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken)).Message);
    }

    [Fact]
    public void ResultsAreCheckpointsOfTheirKind()
    {
        foreach (string name in (string[])["sft", "reward", "guard", "reward-lora"])
        {
            Recipe recipe = tiny.Recipe(name, $"kinds/{name}", "training.max_steps=1");
            RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken);
        }
        string Result(string name) => tiny.At("kinds", name, "result");
        using (VisionLanguageModel model = ModelCheckpoint.Load(Result("sft"))) Assert.NotNull(ModelProcessor.Load(Result("sft")));
        using (ScoreModel score = ScoreModel.Load(Result("reward"))) Assert.Equal(1, score.Head.Outputs);
        using (GuardModel guard = GuardModel.Load(Result("guard"))) Assert.Equal(GuardHeads.Outputs, guard.Scores.Head.Outputs);
        Assert.Equal(Golden.At("models", "llava-1.5-tiny"), LoraConfig.FindBase(Result("reward-lora")));
        Recipe ppo = tiny.Recipe("ppo-backbone", "kinds/ppo", "training.rounds=1", $"model.reward={Result("reward-lora")}");
        Assert.True(RecipeRunner.Run(ppo, ppo.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public void TwoOutputsLearnWhatTwoModelsLearn()
    {
        // the first step of each begins with the same scores
        JsonElement First(string name) => FirstLine(tiny.Recipe(name, $"outputs/{name}", $"model.folder={tiny.At(name)}", "training.max_steps=1"));
        JsonElement both = First("scores"), reward = First("reward"), cost = First("cost");
        Close(both, "reward_loss", reward, "loss");
        Close(both, "reward_accuracy", reward, "pair_accuracy");
        Close(both, "cost_loss", cost, "loss");
        Close(both, "cost_accuracy", cost, "pair_accuracy");
        Close(both, "sign_accuracy", cost, "sign_accuracy");
        Assert.Equal(both.GetProperty("loss").GetDouble(), both.GetProperty("reward_loss").GetDouble() + both.GetProperty("cost_loss").GetDouble(), 1e-5);
    }

    [Theory]
    [InlineData("ppo", "none", "")]
    [InlineData("ppo-backbone", "backbone", "-adapter")]
    public void OnePassForBothScoresGivesWhatTwoGive(string name, string sharing, string suffix)
    {
        string[] still = suffix.Length > 0 ? ["model.lora.dropout=0"] : [];
        JsonElement Round(string reward, string cost) => FirstLine(tiny.Recipe(
            name, $"one-pass/{sharing}-{reward}",
            ["training.rounds=1", "training.mini_batch=4", $"model.reward={tiny.At(reward + suffix)}", $"model.cost={tiny.At(cost + suffix)}", .. still]));
        JsonElement apart = Round("reward", "cost"), joint = Round("scores", "scores");
        foreach (string figure in (string[])["reward", "cost", "window_cost", "lambda", "kl", "actor_loss", "reward_critic_loss", "cost_critic_loss"])
            Close(joint, figure, apart, figure);
    }

    private static JsonElement FirstLine(Recipe recipe)
    {
        RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken);
        return JsonDocument.Parse(File.ReadLines(Path.Combine(recipe.Run.Folder, MetricsLog.FileName)).First()).RootElement;
    }

    private static void Close(JsonElement one, string name, JsonElement other, string otherName)
    {
        (double a, double b) = (one.GetProperty(name).GetDouble(), other.GetProperty(otherName).GetDouble());
        Assert.True(Math.Abs(a - b) <= 1e-5 * (1 + Math.Abs(b)), $"{name}: {a}, {otherName}: {b}");
    }

    [Fact]
    public void PpoThatIsStoppedWithinARoundKeepsTheRoundsBefore()
    {
        Recipe whole = tiny.Recipe("ppo", "within/whole", "training.max_new_tokens=24"), broken = tiny.Recipe("ppo", "within/broken",
            "training.max_new_tokens=24");
        RecipeRunner.Run(whole, whole.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken);
        using CancellationTokenSource cancel = new();
        Assert.ThrowsAny<OperationCanceledException>(() =>
            RecipeRunner.Run(broken, broken.ToRunOptions(resume: false), new StopSoonAfter(1, cancel), cancel.Token));
        Assert.True(TrainingRun.NewestCheckpoint(broken.Run.Folder)?.Step >= 1);
        RecipeRunner.Run(broken, broken.ToRunOptions(resume: true), cancellationToken: TestContext.Current.CancellationToken);
        RunFolders.Equal(whole.Run.Folder, broken.Run.Folder);
    }

    [Fact]
    public void PpoTellsOfTextsThatAreTooLong()
    {
        JsonElement cut = FirstLine(tiny.Recipe("ppo-joint", "too-long/cut", "training.rounds=1")),
            dropped = FirstLine(tiny.Recipe("ppo", "too-long/dropped", "training.rounds=1", "training.lengths.response_tokens=30"));
        Assert.True(cut.GetProperty("cut_answers").GetInt64() > 0 && cut.GetProperty("dropped_rows").GetInt64() == 0, cut.ToString());
        Assert.True(dropped.GetProperty("dropped_rows").GetInt64() > 0 && dropped.GetProperty("cut_answers").GetInt64() == 0, dropped.ToString());
    }

    [Fact]
    public void PairsAsInstructionsTeachTheirMoreHelpfulAnswers()
    {
        Recipe recipe = tiny.Recipe("ppo", "pairs-as-instructions", "training.rounds=1", $"data.instructions.folder={tiny.At("world")}");
        RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(JsonDocument.Parse(File.ReadLines(Path.Combine(recipe.Run.Folder, MetricsLog.FileName)).Last()).RootElement.GetProperty("ptx_loss")
            .GetDouble() > 0);
        SampleEncoder encoder = new(ModelProcessor.Load(Golden.At("models", "llava-1.5-tiny")), new LengthLimits());
        Assert.All(PreferenceDataset.Open(tiny.At("world")).ReadRecords(split: "train").Take(8),
            row => Assert.True(SftTrainer.Encode(row, encoder)!.Response.Length > 2));
    }

    [Fact]
    public void FoldersThatDoNotFitAreRefusedWithWhatToDo()
    {
        string Refused(string name, params string[] sets)
        {
            Recipe recipe = tiny.Recipe(name, $"refused/{Guid.NewGuid():N}", sets);
            return Assert.Throws<InvalidInputException>(() => RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false))).Message;
        }

        Assert.Contains("merge it first", Refused("sft", $"model.folder={tiny.At("reward-adapter")}"));
        Assert.Contains("holds no adapter", Refused("ppo-backbone", $"model.reward={tiny.At("reward")}"));
        Assert.Contains("its base model is", Refused("ppo-backbone", $"model.policy={tiny.At("policy")}"));
        Assert.Contains("changes the vision tower", Refused("ppo-backbone", $"model.reward={tiny.At("tower-adapter")}"));
        foreach (string name in (string[])["sft-lora", "ppo-backbone"])
            Assert.Contains("names a part of the vision tower", Refused(name, "model.lora.modules_to_save=[vision_tower]"));
        Assert.Contains("no score head", Refused("ppo", $"model.cost={Golden.At("models", "llava-1.5-tiny")}"));
        Assert.Contains("this is a model of both scores", Refused("ppo", $"model.reward={tiny.At("scores")}"));
        Assert.Contains("no such folder", Refused("cost", $"model.folder={tiny.At("nowhere")}"));
        Assert.Contains("needs a CUDA build", Refused("sft", "model.device=cuda"));
    }

    // mostly while the next round is sampled
    private sealed class StopSoonAfter(int step, CancellationTokenSource cancel) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Done == step) cancel.CancelAfter(20);
        }
    }

    private sealed class StopAt(int step, CancellationTokenSource cancel) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value)
        {
            if (value.Done == step) cancel.Cancel();
        }
    }
}
