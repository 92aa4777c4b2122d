using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

/// <summary>Several heads on one backbone: what is trained, saved, loaded, scored and refused.</summary>
public sealed class HeadEnsembleTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private static string Start => Golden.At("models", "llava-1.5-tiny");

    [Fact]
    public void TheFirstHeadIsThatOfAModelOfOneAndAllDiffer()
    {
        using ScoreHead one = ScoreHead.Create(8, 2, 7, "scores", kind: ModelKind.Scores);
        using ScoreHead three = ScoreHead.Create(8, 2, 7, "scores", kind: ModelKind.Scores, heads: 3);
        Assert.Equal((2, 1, 2, 3), (one.Outputs, one.Heads, three.Outputs, three.Heads));
        using Tensor all = three.Weight.detach().view(2, 3, 8);
        Assert.True(all.select(1, 0).eq(one.Weight).all().item<bool>());
        Assert.False(all.select(1, 1).eq(all.select(1, 2)).any().item<bool>());
    }

    [Fact]
    public void ABootstrapCountsARowOnceOnAverageAndAlwaysTheSame()
    {
        int[][] rows = [.. Enumerable.Range(0, 20_000).Select(row => HeadEnsemble.Copies(4, $"default/train/{row}", 3))];
        for (int head = 0; head < 3; head++)
        {
            double mean = rows.Average(row => row[head]), variance = rows.Average(row => (row[head] - mean) * (row[head] - mean));
            Assert.InRange(mean, 0.97, 1.03); // four standard errors
            Assert.InRange(variance, 0.95, 1.05);
            Assert.InRange(rows.Count(row => row[head] == 0) / (double)rows.Length, 0.354, 0.382); // 1/e
        }
        double both = rows.Average(row => (row[0] - 1.0) * (row[1] - 1));
        Assert.InRange(both, -0.03, 0.03);
        Assert.Equal(rows[17], HeadEnsemble.Copies(4, "default/train/17", 3));
        Assert.NotEqual(rows.Take(50).SelectMany(row => row), Enumerable.Range(0, 50).SelectMany(row => HeadEnsemble.Copies(5, $"default/train/{row}", 3)));
    }

    /// <summary>The loss of k heads is the mean of the losses that each would have with its own weights.</summary>
    [Fact]
    public void TheLossIsTheMeanOverHeadsOfWeightedLosses()
    {
        Tensor first = randn(5, 3), second = randn(5, 3), weights = tensor(Enumerable.Range(0, 15).Select(i => (float)(i % 4)).ToArray()).view(5, 3);
        Tensor labels = tensor(new float[] { 1, -1, 2, 0, -3 }), other = tensor(new float[] { 0, -1, 1, 1, -2 });
        double reward = 0, cost = 0;
        for (int head = 0; head < 3; head++)
            for (int row = 0; row < 5; row++)
            {
                Tensor Of(Tensor scores) => scores[row][head].reshape(1);
                double weight = weights[row][head].item<float>() / 15;
                reward += weight * PreferenceLosses.Reward(Of(first), Of(second), 0.1).item<float>();
                cost += weight * PreferenceLosses.Cost(Of(first), Of(second), labels[row].reshape(1), other[row].reshape(1), 0.7, 0.1).item<float>();
            }
        Assert.Equal(reward, PreferenceLosses.Reward(first, second, 0.1, weights).item<float>(), 1e-5);
        Assert.Equal(cost,
            PreferenceLosses.Cost(first, second, labels.unsqueeze(1), other.unsqueeze(1), 0.7, 0.1, weights).item<float>(), 1e-5);
    }

    [Fact]
    public void AnEnsembleIsTrainedSavedMergedAndGoesOn()
    {
        Recipe recipe = tiny.Recipe("scores-heads-lora", "heads/scores", "training.max_steps=2");
        RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken);
        string result = Path.Combine(recipe.Run.Folder, "result"), merged = tiny.At("heads-merged");
        IReadOnlyDictionary<string, double> metrics = MetricsLog.Read(Path.Combine(recipe.Run.Folder, MetricsLog.FileName)).Last().Values;
        Assert.True(metrics["reward_disagreement"] > 0 && metrics["cost_disagreement"] > 0);
        Assert.Equal(3, ModelKinds.Heads(result));
        CheckpointConverter.Merge(Start, result, merged);
        Assert.Equal((ModelKind?)ModelKind.Scores, ModelKinds.Of(merged));
        ModelSummary summary = ModelSummary.Of(merged);
        Assert.Equal((2, 3), (summary.ScoreOutputs, summary.ScoreHeads));
        using (ScoreModel loaded = ScoreModel.Load(merged)) Assert.Equal((2, 3), (loaded.Head.Outputs, loaded.Head.Heads));

        Recipe more = tiny.Recipe("scores-heads-lora", "heads/more", "training.max_steps=1", $"model.folder={merged}");
        Assert.True(RecipeRunner.Run(more, more.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken));
        Recipe other = tiny.Recipe("scores-lora", "heads/other", $"model.folder={merged}");
        Assert.Contains("its score has 3 heads, and training.heads is 1",
            Assert.Throws<InvalidInputException>(() => RecipeRunner.Run(other, other.ToRunOptions(resume: false))).Message);
        Assert.Contains("its score is an ensemble of 3 heads, and a classification checkpoint holds one",
            Assert.Throws<InvalidInputException>(() => ClassifierExport.Write(merged, tiny.At("heads-served"))).Message);
    }

    /// <summary>Reward and cost of PPO are those of the heads, moved to the unfavourable side; a calibration moves and scales all heads alike.</summary>
    [Fact]
    public void ScoresAreThePessimisticOnesOfTheHeads()
    {
        using VisionLanguageModel model = ModelCheckpoint.Load(Start);
        using ScoreHead head = ScoreHead.Create(model.HiddenSize, 2, 3, "scores", deviation: 0.5, kind: ModelKind.Scores, heads: 4);
        ScorerRole scorer = new(model, head);
        using VisionCache cache = new(model, ModelProcessor.Load(Start).Images, 1 << 20);
        SampleBatcher batcher = new(0, [2], cache) { Processor = ModelProcessor.Load(Start) };
        SequenceBatch batch = batcher.Collate([new EncodedSample([5, 6, 7], [8, 9], null), new EncodedSample([5, 6], [10], null)]);
        using IDisposable noGrad = no_grad();
        Tensor raw_BN = scorer.EndScores(batch);
        (Tensor rewards_B, Tensor costs_B) = (raw_BN.narrow(1, 0, 4), raw_BN.narrow(1, 4, 4));
        PairedScores scores = new ScorePair(scorer) { Pessimism = 2 }.EndScores(batch);
        Near(rewards_B.mean([1]) - 2 * rewards_B.std(1, unbiased: false), scores.Reward_B!);
        Near(costs_B.mean([1]) + 2 * costs_B.std(1, unbiased: false), scores.Cost_B);
        Near(costs_B.std(1, unbiased: false), scores.CostStd_B!);

        ScoreCalibration scale = new(RewardMean: 0.5, RewardDeviation: 4, CostDeviation: 2);
        PairedScores calibrated = scale.Apply(new ScorePair(scorer) { Pessimism = 2 }).EndScores(batch);
        Near((scores.Reward_B! - 0.5) / 4, calibrated.Reward_B!);
        Near(scores.Cost_B / 2, calibrated.Cost_B);
    }

    [Theory]
    [InlineData("reward", "training.bootstrap=true", "training.bootstrap: is of several heads; set training.heads")]
    [InlineData("reward", "training.heads=0", "training.heads")]
    public void ARecipeIsRefused(string name, string set, string message) =>
        Assert.Contains(message, Assert.Throws<InvalidInputException>(() => tiny.Recipe(name, "heads/refused", set)).Message);

    [Fact]
    public void PessimismNeedsHeadsThatCanDisagree()
    {
        Recipe recipe = tiny.Recipe("ppo-backbone", "heads/no-heads", "training.pessimism=1");
        Assert.Contains("training.pessimism: neither",
            Assert.Throws<InvalidInputException>(() => RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false))).Message);
    }

    [Fact]
    public void APlanCountsTheHeads()
    {
        long Heads(string name, params string[] sets) => RecipePlan.ByLimits(tiny.Recipe(name, "heads/plan", sets)).Memory.Parts
            .Where(part => part.Name == "heads of the ensemble").Sum(part => part.Bytes);
        int hidden = ModelConfig.Load(Start).Text.HiddenSize;
        Assert.Equal(0, Heads("reward"));
        Assert.Equal(4L * 3 * hidden, Heads("reward-heads"));
        Assert.Equal(4L * 2 * 3 * hidden, Heads("scores-heads-lora"));
        Assert.Equal(4L * 2 * 3 * hidden, Heads("ppo-heads"));
        Assert.Equal(4L * 3 * hidden, Heads("grpo-heads"));
    }

    private static void Near(Tensor wanted, Tensor got) => Assert.True(wanted.sub(got).abs().max().item<float>() < 1e-5, $"{wanted} {got}");
}
