using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

public sealed class DpoTrainerTests(TinyRecipes tiny) : IClassFixture<TinyRecipes>
{
    [Fact]
    public void AFrozenReferenceKeepsItsOwnTowerWhileThePolicysIsTrained()
    {
        string folder = Golden.At("models", "llava-1.5-tiny");
        using VisionLanguageModel policy = ModelCheckpoint.Load(folder), frozen = ModelCheckpoint.Load(folder);
        ModelProcessor processor = ModelProcessor.Load(folder);
        using VisionCache trained = new(policy, processor.Images, 0), kept = new(frozen, processor.Images, 1 << 24);
        PreferenceDataset dataset = PreferenceDataset.Open(tiny.At("world"));
        TrainingData data = new(dataset, processor, trained);
        // every step sees all rows: what the reference says of them together may not change
        DpoSettings settings = new()
        {
            BatchSize = (int)data.Rows,
            Epochs = 3,
            TrainVisionTower = true,
            Optimizer = new OptimizerSettings { LearningRate = 1e-2, WarmupFraction = 0 }
        };
        Recorder reference = new(new PolicyRole(frozen));
        using TrainingRun run = new("dpo", new RunOptions());
        DpoTrainer.Train(new PolicyRole(policy), reference, data, settings, run, referenceTower: kept);
        Assert.Equal(3, reference.Sums.Count);
        Assert.All(reference.Sums, sum => Assert.Equal(reference.Sums[0], sum, Math.Abs(reference.Sums[0]) * 1e-5));

        // the features of the policy's tower have moved away by then
        PairSample[] pairs = [.. dataset.ReadRecords(split: "train")
            .Select(row => PairSample.From(row, new SampleEncoder(processor, settings.Lengths), new(PreferenceKind.Helpful))).OfType<PairSample>()];
        reference.LogProbs(data.Collate(pairs));
        Assert.True(Math.Abs(reference.Sums[3] - reference.Sums[0]) > Math.Abs(reference.Sums[0]) * 1e-4,
            $"{reference.Sums[3]} is still {reference.Sums[0]}: the tower hardly learnt");
    }

    [Fact]
    public void ATrainedTowerWithoutTheReferencesOwnFeaturesIsRefused()
    {
        string folder = Golden.At("models", "llava-1.5-tiny");
        using VisionLanguageModel model = ModelCheckpoint.Load(folder);
        ModelProcessor processor = ModelProcessor.Load(folder);
        using VisionCache trained = new(model, processor.Images, 0), keeps = new(model, processor.Images, 1 << 20);
        using TrainingRun run = new("dpo", new RunOptions());
        DpoSettings settings = new() { TrainVisionTower = true };
        PolicyRole role = new(model);
        PreferenceDataset dataset = PreferenceDataset.Open(tiny.At("world"));
        Assert.Contains("own image features",
            Assert.Throws<ArgumentException>(() => DpoTrainer.Train(role, role, new TrainingData(dataset, processor, trained), settings, run)).Message);
        Assert.Contains("cache of 0 bytes",
            Assert.Throws<ArgumentException>(() =>
                DpoTrainer.Train(role, role, new TrainingData(dataset, processor, keeps), settings, run, referenceTower: trained)).Message);
    }

    [Fact]
    public void ARecipeMayTrainTheTower()
    {
        Recipe recipe = tiny.Recipe("dpo", "tower", "training.train_vision_tower=true", "training.max_steps=2");
        Assert.True(RecipeRunner.Run(recipe, recipe.ToRunOptions(resume: false), cancellationToken: TestContext.Current.CancellationToken));
    }

    private sealed class Recorder(PolicyRole inner) : IPolicy
    {
        public List<double> Sums { get; } = [];

        public Tensor LogProbs(SequenceBatch batch, double temperature = 1)
        {
            using IDisposable noGrad = no_grad();
            Tensor logProbs = inner.LogProbs(batch, temperature);
            Sums.Add(logProbs.sum().item<float>());
            return logProbs;
        }

        public (Tensor LogProbs_BT, Tensor Entropy_BT) LogProbsAndEntropy(SequenceBatch batch, double temperature = 1) => inner.LogProbsAndEntropy(batch,
            temperature);

        public GenerationResult Generate(SequenceBatch prompts, GenerationSettings settings, IReadOnlyList<RandomStream> streams,
            CancellationToken cancellationToken = default) => inner.Generate(prompts, settings, streams, cancellationToken);
    }
}
