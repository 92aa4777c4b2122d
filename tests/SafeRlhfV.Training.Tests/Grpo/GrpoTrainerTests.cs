using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using SafeRlhfV.Processing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

public sealed class GrpoTrainerTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    private const int Size = 3;

    /// <summary>An answer that was cut and is masked keeps its reward in its group's statistics, and no loss or divisor counts it.</summary>
    [Fact]
    public void AMaskedAnswerCountsInItsGroupAndNotInTheLoss()
    {
        With("grpo", ["training.overlong=mask", "training.calibration_rows=0"], (trainer, roles, settings, batcher, sampled) =>
        {
            Episode[] whole = Begin(sampled, _ => true), cut = Begin(sampled, i => i != 1);
            foreach (Episode[] episodes in (Episode[][])[whole, cut])
            {
                trainer.Score(episodes);
                trainer.ComputeAdvantages(episodes);
            }
            Assert.Contains(whole, one => one.Advantage != 0);
            Assert.Equal(whole.Select(one => one.Advantage), cut.Select(one => one.Advantage));

            Episode[][] groups = [.. cut.Chunk(Size)];
            BatchSums sums = GroupBatch.Sums(groups, masksOverlong: true, settings.MaxNewTokens);
            GroupBatch part = GroupBatch.Own(Shares.Of([groups], Ranks.Alone), batcher, masksOverlong: true).Single();
            Tensor ones_BT = part.Mask_BT.to(ScalarType.Float32);
            // the mean of ones is one over what counts; a divisor that counts the masked answer would give less
            foreach (BatchReduction reduction in (BatchReduction[])[BatchReduction.Sample, BatchReduction.BatchTokens])
                Assert.Equal(1, sums.Reduce(ones_BT, part.Mask_BT, reduction).item<float>(), 1e-6f);
            Assert.Equal(cut.Where(one => one.Ended).Sum(one => one.LogProbs.Length), part.Mask_BT.sum().item<long>());
        });
    }

    /// <summary>
    /// The actor answers with its adapter merged into copies of the weights: the reference stays the bare backbone, and the divergence is real.
    /// </summary>
    [Fact]
    public void TheReferenceIsThePolicyWithoutItsAdapterAlsoAfterSampling()
    {
        With("grpo-backbone", ["training.severity=null", "training.resample=0", "training.calibration_rows=0"], (trainer, roles, settings, batcher, sampled) =>
        {
            using (no_grad())
                foreach ((_, TorchSharp.Modules.Parameter parameter) in roles.Actor.Trainable()) parameter.add_(0.05);
            Episode[] before = Begin(sampled, _ => true);
            trainer.Score(before);
            // the adapter's weights are other ones now, so that a policy which is its own reference would show
            Episode[] again = trainer.Sample([.. sampled.Chunk(Size).Select(group => group[0].Sample with { Response = [] })], 1, 0,
                TestContext.Current.CancellationToken);
            Episode[] after = Begin(sampled, _ => true);
            trainer.Score(after);
            Assert.Equal(before.SelectMany(one => one.ReferenceLogProbs), after.SelectMany(one => one.ReferenceLogProbs));
            // log-probabilities of sampling are the actor's, merged or not
            using IDisposable noGrad = no_grad();
            using DisposeScope scope = NewDisposeScope();
            foreach (Episode one in again)
            {
                SequenceBatch batch = batcher.Collate([one.Sample]);
                float[] actor = HostRows.Of(roles.Actor.LogProbs(batch, settings.Temperature), [one.LogProbs.Length])[0],
                    reference = HostRows.Of(roles.Reference.LogProbs(batch, settings.Temperature), [one.LogProbs.Length])[0];
                Assert.All(actor.Zip(one.LogProbs), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
                Assert.All(reference.Zip(one.ReferenceLogProbs), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
                Assert.Contains(actor.Zip(reference), pair => Math.Abs(pair.First - pair.Second) > 1e-3);
            }
        });
    }

    private void With(string name, string[] sets, Action<GrpoTrainer, GrpoRoles, GrpoSettings, SampleBatcher, Episode[]> test)
    {
        GrpoRecipe recipe = (GrpoRecipe)tiny.Recipe(name, $"trainer/{Guid.NewGuid():N}", ["training.rollout_batch=2", $"training.group_size={Size}", .. sets]);
        using PpoModels models = PpoModels.Load(recipe.Model, recipe.Seed, critics: false);
        ModelProcessor processor = ModelProcessor.Load(recipe.Model.Policy);
        using VisionCache images = new(models.Policy, processor.Images, 1 << 24);
        TrainingData prompts = RecipeModels.Open(recipe.Data.Prompts, processor, images);
        GrpoRoles roles = models.GroupRoles(prompts, recipe.Training, 4);
        SampleBatcher batcher = SampleBatcher.Of(prompts);
        using GrpoTrainer trainer = new(roles, recipe.Training, batcher, null, 1);
        SampleEncoder encoder = new(processor, recipe.Sampling.Lengths);
        using RowFeed<EncodedSample> feed = prompts.Feed(5, Data.RecordParts.None, encoder, (row, with) => with.EncodePrompt(row));
        test(trainer, roles, recipe.Training, batcher, trainer.Sample(feed.Next(2), 0, 0, TestContext.Current.CancellationToken));
    }

    private static Episode[] Begin(Episode[] sampled, Func<int, bool> ended) =>
        [.. sampled.Select((one, i) => new Episode { Sample = one.Sample, LogProbs = one.LogProbs, Ended = ended(i) })];
}
