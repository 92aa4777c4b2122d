using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

/// <summary>
/// Advantages are made of what the critics say with the weights that they have when a round begins, whichever pass says it: that of their first update, or one
/// before it.
/// </summary>
public sealed class CriticValuesTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    // two adapters or two whole models, one critic for both, dropout; one update a round, and several
    [Theory]
    [InlineData("ppo", 5, 0)]
    [InlineData("ppo", 5, 2)]
    [InlineData("ppo", 2, 1)]
    [InlineData("ppo-backbone", 5, 2)]
    [InlineData("ppo-joint", 2, 0)]
    [InlineData("ppo-joint", 2, 0, "model.lora.dropout=0")]
    [InlineData("ppo-checked", 3, 0)]
    public void AreThoseBeforeTheFirstUpdate(string name, int miniBatch, int microBatch, params string[] sets)
    {
        PpoRecipe recipe = (PpoRecipe)tiny.Recipe(name, $"values/{Guid.NewGuid():N}",
        [
            "training.rollout_batch=5", $"training.mini_batch={miniBatch}", $"training.micro_batch={microBatch}", "training.update_epochs=2",
            "training.critics.learning_rate=0.05", "training.ptx_coefficient=0", "training.calibration_rows=0", .. sets,
        ]);
        using PpoModels models = PpoModels.Load(recipe.Model, recipe.Seed);
        ModelProcessor processor = ModelProcessor.Load(recipe.Model.Policy);
        using VisionCache images = new(models.Policy, processor.Images, 1 << 24);
        TrainingData prompts = RecipeModels.Open(recipe.Data.Prompts, processor, images);
        using RowFeed<EncodedSample> feed = prompts.Feed(5, RecordParts.RightAnswer, new(processor, recipe.Training.Lengths),
            (row, with) => PpoFeeds.EncodePrompt(row, with, recipe.Training));
        PpoRoles roles = models.Roles(prompts, recipe.Training, 4);
        SampleBatcher batcher = SampleBatcher.Of(prompts);
        using SafePpoTrainer trainer = new(roles, recipe.Training, batcher, null, 1);
        using DisposeScope scope = NewDisposeScope();
        foreach (Role trained in (Role[])[roles.Actor, .. roles.Critics.Scorers]) trained.BeginStep(recipe.Seed, 0);

        Episode[] episodes = trainer.Sample(feed.Next(5), 0, TestContext.Current.CancellationToken);
        trainer.Score(episodes);
        trainer.Shape(episodes);
        (float[] Reward, float[] Cost)[] before = Values();
        trainer.Update(episodes, 0.5, 0);

        Assert.All(before.Zip(episodes), pair =>
        {
            AssertClose(pair.First.Reward, pair.Second.Shaped!.Reward!);
            AssertClose(pair.First.Cost, pair.Second.Shaped.Cost!);
        });
        Assert.All(before.Zip(Values()), pair => Assert.True(Distance(pair.First.Reward, pair.Second.Reward) > 1e-3, "the critics did not learn"));

        (float[] Reward, float[] Cost)[] Values()
        {
            using IDisposable noGrad = no_grad();
            return [.. episodes.Select(one =>
            {
                (Tensor? reward_BT, Tensor? cost_BT) = roles.Critics.Values(batcher.Collate([one.Sample]));
                return (HostRows.Of(reward_BT!), HostRows.Of(cost_BT!));
            })];
        }
    }

    private static void AssertClose(float[] expected, ValueEstimates<float> actual) => Assert.InRange(Distance(expected, actual.Values), 0, 1e-5);

    private static double Distance(float[] one, float[] other) => one.Zip(other).Max(pair => Math.Abs(pair.First - pair.Second));
}
