using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

/// <summary>
/// How a batch is cut into parts must not change an update: every figure of a step is that of the whole batch, the gradients' norm among them.
/// </summary>
public sealed class UpdateInPartsTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private const double Rounding = 2e-5;

    [Theory]
    [InlineData("sft")]
    [InlineData("reward")]
    [InlineData("cost")]
    [InlineData("scores")]
    [InlineData("reward-heads")]
    [InlineData("cost-heads")]
    [InlineData("dpo")]
    [InlineData("dpo-safe")]
    [InlineData("guard")]
    public void OfEveryTrainer(string name) => Same(name, name, [], ModelParts);

    [Fact]
    public void OfAGuardWithUnevenWeights() => Same("guard", "guard-weights", ["training.severity_row_weights=[0.3, 1, 2, 5]"], ModelParts);

    // their unsafe answers have no known severity: a part may hold fewer such rows than another, or none
    [Fact]
    public void OfAGuardOnFlatRows() => Same(
        "guard", "guard-flat", ["training.prompt_share=0", $"data.folder={Golden.At("beavertails-v", "flat")}", "training.severity_row_weights=[0.5, 1, 2, 3]"],
        ModelParts);

    /// <summary>Rows with several images, with one and without: a part has its own rows' images, wherever it is cut.</summary>
    [Theory]
    [InlineData("sft")]
    [InlineData("reward")]
    [InlineData("dpo")]
    public void OfRowsOfSeveralImages(string name) => Same(name, $"{name}-images", [$"data.folder={SeveralImages()}", .. Long], ModelParts);

    [Theory]
    [InlineData("ppo")]
    [InlineData("grpo")]
    public void OfSampledRowsOfSeveralImages(string name)
    {
        string[] sets =
        [
            $"data.prompts.folder={SeveralImages()}", $"data.instructions.folder={SeveralImages()}", "training.rollout_batch=5", "training.mini_batch=5",
            "training.ptx_batch=3", "training.calibration_rows=0", .. Plain("actor", 0.5), .. Long,
            .. name == "ppo" ? (string[])["training.critics.epsilon=1", "training.critics.learning_rate=0.1"] : [],
        ];
        int[] sizes = [0, 1, 3];
        Same($"{name} of several images",
            [.. sizes.Select(size => tiny.Recipe(name, "parts/images", [.. sets, $"training.micro_batch={size}"]) switch
            {
                PpoRecipe ppo => PpoRound(ppo),
                Recipe grpo => GrpoRound((GrpoRecipe)grpo),
            })], [.. sizes.Select(size => $"training.micro_batch={size}")]);
    }

    private static string[] Long => ["training.lengths.prompt_tokens=2000", "training.lengths.total_tokens=2048"];

    private string SeveralImages()
    {
        string folder = tiny.At("several-images");
        if (!Directory.Exists(folder)) DatasetMender.Write(Golden.At("formats", "multi", "paired"), folder);
        return folder;
    }

    [Theory]
    [InlineData("ppo", "row")]
    [InlineData("ppo", "token")]
    [InlineData("ppo-severity", "row")]
    [InlineData("ppo-joint", "row")]
    [InlineData("ppo-joint", "token")]
    [InlineData("ppo-checked", "row")]
    public void OfPpo(string name, string reduction)
    {
        string[] sets =
        [
            "training.rollout_batch=5", "training.mini_batch=5", "training.update_epochs=2", "training.ptx_batch=3", $"training.reduction={reduction}",
            "training.critics.epsilon=1", "training.critics.learning_rate=0.1",
            .. Plain("actor", 0.5), .. name == "ppo-joint" ? (string[])["model.lora.dropout=0"] : [],
            .. name == "ppo-checked" ? (string[])["training.calibration_rows=0"] : [],
        ];
        int[] sizes = [0, 1, 3];
        IReadOnlyDictionary<string, double>[] updates =
            [.. sizes.Select(size => PpoRound((PpoRecipe)tiny.Recipe(name, "parts/ppo", [.. sets, $"training.micro_batch={size}"])))];
        Same($"{name} {reduction}", updates, [.. sizes.Select(size => $"training.micro_batch={size}")]);
        Assert.True(updates[0]["clip_fraction"] > 0 && updates[0]["approximate_kl"] > 0, "no update was clipped: the figures of clipping are not tried");
        Assert.Contains("ptx_loss", updates[0].Keys);
        Assert.Equal(name == "ppo-joint" ? 1 : 2,
            updates[0].Keys.Count(figure => figure.Contains("critic", StringComparison.Ordinal) && figure.EndsWith("gradient_norm", StringComparison.Ordinal)));
    }

    // two updates on answers of unlike lengths: means over rows and means over tokens differ
    private static IReadOnlyDictionary<string, double> PpoRound(PpoRecipe recipe) => Round(recipe, (models, prompts, rows, drawn) =>
    {
        PpoRoles roles = models.Roles(prompts, recipe.Training, 4);
        using SafePpoTrainer trainer = new(roles, recipe.Training, SampleBatcher.Of(prompts), rows, 1);
        Episode[] sampled = trainer.Sample(drawn, 0, TestContext.Current.CancellationToken);
        Episode[] episodes = [.. sampled.Select((episode, i) => Begin(episode, 1 + i))];
        trainer.Score(episodes);
        trainer.Shape(episodes);
        return trainer.Update(episodes, 0.5, 0);
    });

    private static IReadOnlyDictionary<string, double> Round(
        RolloutRecipe recipe, Func<PpoModels, TrainingData, InstructionRows, IReadOnlyList<EncodedSample>, IReadOnlyDictionary<string, double>> train)
    {
        using PpoModels models = PpoModels.Load(recipe.Model, recipe.Seed, critics: recipe.Critics is not null);
        ModelProcessor processor = ModelProcessor.Load(recipe.Model.Policy);
        using VisionCache promptImages = new(models.Policy, processor.Images, 1 << 24), instructionImages = new(models.Policy, processor.Images, 1 << 24);
        TrainingData prompts = RecipeModels.Open(recipe.Data.Prompts, processor, promptImages), instructions = RecipeModels.Open(recipe.Data.Instructions!,
            processor, instructionImages);
        SampleEncoder encoder = new(processor, recipe.Sampling.Lengths);
        using RowFeed<EncodedSample> promptFeed = prompts.Feed(5, RecordParts.RightAnswer, encoder,
                (row, with) => PpoFeeds.EncodePrompt(row, with, recipe.Sampling)),
            ptxFeed = instructions.Feed(6, SftTrainer.Parts, encoder, SftTrainer.Encode);
        return train(models, prompts, new InstructionRows(SampleBatcher.Of(instructions), ptxFeed.Next), promptFeed.Next(recipe.Sampling.RolloutBatch));
    }

    // masked answers, one of them alone in its part; a group's statistics must not depend on the parts either
    [Theory]
    [InlineData("sample", "token", "loss")]
    [InlineData("batch_tokens", "token", "loss")]
    [InlineData("max_tokens", "sequence", "reward")]
    [InlineData("sample", "token", "loss", "grpo-checked")]
    public void OfGrpo(string reduction, string ratio, string klPlace, string name = "grpo")
    {
        string[] sets =
        [
            "training.rollout_batch=5", "training.mini_batch=5", "training.update_epochs=2", "training.ptx_batch=3", "training.overlong=mask",
            $"training.reduction={reduction}", $"training.ratio={ratio}", $"training.kl_place={klPlace}", "training.clip_low=0.01", "training.clip_high=0.01",
            .. Plain("actor", 0.5), .. name == "grpo-checked" ? (string[])["training.calibration_rows=0"] : [],
        ];
        int[] sizes = [0, 1, 3];
        IReadOnlyDictionary<string, double>[] updates =
            [.. sizes.Select(size => GrpoRound((GrpoRecipe)tiny.Recipe(name, "parts/grpo", [.. sets, $"training.micro_batch={size}"])))];
        Same($"grpo {reduction}", updates, [.. sizes.Select(size => $"training.micro_batch={size}")]);
        Assert.True(updates[0]["clip_fraction_low"] + updates[0]["clip_fraction_high"] > 0, "no update was clipped");
        Assert.Contains("ptx_loss", updates[0].Keys);
        Assert.Equal(klPlace == "loss", updates[0].ContainsKey("kl_loss"));
    }

    private static IReadOnlyDictionary<string, double> GrpoRound(GrpoRecipe recipe) => Round(recipe, (models, prompts, rows, drawn) =>
    {
        GrpoRoles roles = models.GroupRoles(prompts, recipe.Training, 4);
        using GrpoTrainer trainer = new(roles, recipe.Training, SampleBatcher.Of(prompts), rows, 1);
        Episode[] sampled = trainer.Sample(drawn, 0, 0, TestContext.Current.CancellationToken);
        int size = recipe.Training.GroupSize;
        Episode[] episodes = [.. sampled.Select((episode, i) => Begin(episode, 1 + i % 5, ended: i / size == 2 ? false : i % 4 > 0))];
        trainer.Score(episodes);
        trainer.ComputeAdvantages(episodes);
        return trainer.Update(episodes, 0);
    });

    // of rewards that compare, every second answer is right
    private static Episode Begin(Episode episode, int tokens, bool ended = false)
    {
        EncodedSample sample = episode.Sample with { Response = episode.Sample.Response[..tokens] };
        if (tokens % 2 == 1)
            sample = sample with { Expected = [.. sample.Expected.Select(expected => expected is null ? null : expected with { Words = WordsOf(sample) })] };
        return new() { Sample = sample, LogProbs = episode.LogProbs[..tokens], Ended = ended };
    }

    private static string? WordsOf(EncodedSample sample) =>
        ResponseText.Of(sample, ModelProcessor.Load(Golden.At("models", "llava-1.5-tiny"))).Answer is { } answer ? ExactReading.Read(answer.Text) : "nothing";

    private static string[] ModelParts => ["training.micro_batch_size=0", "training.micro_batch_size=1", "training.micro_batch_size=3",
        "training.micro_batch_tokens=300"];

    // plain steps: Adam's division would turn the rounding of a first step into steps of full length
    private static string[] Plain(string optimizer, double rate) => [$"training.{optimizer}.epsilon=1", $"training.{optimizer}.learning_rate={rate}",
        $"training.{optimizer}.warmup_fraction=0"];

    private void Same(string name, string run, string[] sets, string[] parts) =>
        Same(run,
            [.. parts.Select((part, i) => SecondStep(tiny.Recipe(name, $"parts/{run}-{i}",
                [.. Plain("optimizer", 0.1), "training.max_steps=2", "training.batch_size=7", .. sets, part])))], parts);

    private static void Same(string what, IReadOnlyDictionary<string, double>[] steps, string[] parts)
    {
        foreach ((string figure, double whole) in steps[0])
            foreach ((IReadOnlyDictionary<string, double> cut, string how) in steps.Zip(parts).Skip(1))
                if (figure != "padding") Assert.True(Math.Abs(cut[figure] - whole) <= Rounding * (1 + Math.Abs(whole)),
                    $"{what}: {figure} is {whole} as a whole and {cut[figure]} with {how}");
    }

    private static IReadOnlyDictionary<string, double> SecondStep(Recipe recipe)
    {
        RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken);
        return MetricsLog.Read(Path.Combine(recipe.Run.Folder, MetricsLog.FileName)).Last().Values;
    }
}
