using SafeRlhfV.Models;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

public sealed class ModelShapeTests
{
    private static IEnumerable<string> Models =>
        Directory.EnumerateDirectories(Golden.At("models"))
            .Where(folder => File.Exists(Path.Combine(folder, "config.json")) && Directory.EnumerateFiles(folder, "model*.safetensors").Any());

    [Fact]
    public void ShapesAreThoseOfTheLoadedModel()
    {
        Assert.NotEmpty(Models);
        foreach (string folder in Models)
        {
            using VisionLanguageModel model = ModelCheckpoint.Load(folder);
            ModelShape shape = ModelShape.Of(ModelCheckpoint.ConfigOf(folder));
            Assert.Equal(new PolicyRole(model).Trainable(visionTower: true).Sum(one => one.Parameter.numel()), shape.Parameters);
            Assert.Equal(model.VisionTowerParameters.Sum(one => one.numel()), shape.TowerParameters);
            Assert.Equal(model.Config.TieWordEmbeddings ? 0 : model.OutputWeight!.numel(), shape.OutputParameters);
        }
    }

    [Fact]
    public void WhatIsTrainedIsCountedAsTheRolesGiveIt()
    {
        foreach (string folder in Models)
        {
            using VisionLanguageModel model = ModelCheckpoint.Load(folder);
            ModelShape shape = ModelShape.Of(model.Config);
            using ScoreHead head = ScoreHead.Create(model.HiddenSize, 1, 0, "reward");
            Assert.Equal(Numbers(new PolicyRole(model)), MemoryPlanner.Trained(shape, null, policy: true, tower: false));
            // the head itself is too small to count
            Assert.Equal(Numbers(new ScorerRole(model, head)) - head.Weight.numel(), MemoryPlanner.Trained(shape, null, policy: false, tower: false));
            foreach (LoraRecipe lora in (LoraRecipe[])[new() { Rank = 4 }, new() { Rank = 2, Targets = ["q_proj", "v_proj"] },
                new() { Rank = 3, ModulesToSave = ["embed_tokens", "lm_head"] }])
            {
                string name = $"adapter{lora.Rank}";
                model.Adapters.Create(name, lora.ToConfig(folder), 0);
                Assert.Equal(Numbers(new PolicyRole(model, name)), MemoryPlanner.Trained(shape, lora, policy: true, tower: false));
                model.Adapters.Create($"{name}-score", lora.ForScores().ToConfig(folder), 0);
                Assert.Equal(Numbers(new PolicyRole(model, $"{name}-score")), MemoryPlanner.Trained(shape, lora, policy: false, tower: false));
            }
        }

        static long Numbers(Role role) => role.Trainable().Sum(one => one.Parameter.numel());
    }

    [Fact]
    public void FeaturesOfAImageOfFixedSizeAreCountedExactly()
    {
        string folder = Golden.At("models", "llava-1.5-tiny");
        using var scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using VisionLanguageModel model = ModelCheckpoint.Load(folder);
        ModelShape shape = ModelShape.Of(model.Config);
        int size = ((LlavaConfig)model.Config).Vision.ImageSize;
        ImageProcessor processing = ModelProcessor.Load(folder).Images;
        ProcessedImage image = processing.Process(new RgbImage(size, size, new byte[3 * size * size]));
        using ImageInputs inputs = processing.Batch([image]);
        VisionFeatures features = model.EncodeImages(inputs);
        Assert.Equal(features.Hidden.numel() + features.Levels.Sum(level => level.numel()), shape.Patches * shape.Vision.FeatureWidth);
        Assert.Equal(inputs.PixelValues.numel() * 4, shape.PixelBytes);
        Assert.Equal(model.ProjectImages(features).Tokens_TH.shape[0], shape.ImageTokens);
    }
}
