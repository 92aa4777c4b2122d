using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using TorchSharp.Modules;

namespace SafeRlhfV.Training.Tests;

public sealed class SftTrainerTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TheVisionTowerLearnsExactlyWhereItIsAskedTo(bool trained)
    {
        string folder = Golden.At("models", "llava-1.5-tiny");
        using VisionLanguageModel model = ModelCheckpoint.Load(folder), before = ModelCheckpoint.Load(folder);
        ModelProcessor processor = ModelProcessor.Load(folder);
        SftSettings settings = new() { BatchSize = 2, MaxSteps = 1, TrainVisionTower = trained, Optimizer = new OptimizerSettings { LearningRate = 1e-3 } };
        using VisionCache cache = new(model, processor.Images, trained ? 0 : settings.VisionCacheBytes);
        using TrainingRun run = new("sft", new RunOptions());
        SftTrainer.Train(new PolicyRole(model), new TrainingData(PreferenceDataset.Open(Golden.At("beavertails-v", "paired")), processor, cache), settings,
            run);
        Assert.Equal(trained, Changed(model, before, "vision_tower."));
        Assert.True(Changed(model, before, "language_model."));
        Assert.True(Changed(model, before, "multi_modal_projector."));
    }

    private static bool Changed(VisionLanguageModel model, VisionLanguageModel before, string part)
    {
        Dictionary<string, Parameter> old = before.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter);
        return model.named_parameters().Where(pair => pair.name.StartsWith(part, StringComparison.Ordinal))
            .Any(pair => pair.parameter.ne(old[pair.name]).any().item<bool>());
    }
}
