using System.Text;
using System.Text.Json.Nodes;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class InternVlConfigTests
{
    private static readonly string Folder = Golden.At("models", "internvl3-tiny");

    [Theory]
    [InlineData("model_type", "\"internvl_chat\"")]
    [InlineData("vision_feature_select_strategy", "\"full\"")]
    [InlineData("vision_feature_layer", "4")]
    [InlineData("vision_feature_layer", "[-1, -2]")]
    [InlineData("downsample_ratio", "0.3")]
    [InlineData("downsample_ratio", "0.125")]
    [InlineData("downsample_ratio", "2")]
    [InlineData("text_config.model_type", "\"qwen3_moe\"")]
    [InlineData("text_config.model_type", "\"gpt_oss\"")]
    [InlineData("vision_config.model_type", "\"intern_vit_6b\"")]
    [InlineData("vision_config.image_size", "[28, 35]")]
    [InlineData("vision_config.patch_size", "[7, 14]")]
    [InlineData("vision_config.norm_type", "\"batch_norm\"")]
    [InlineData("vision_config.use_mask_token", "true")]
    [InlineData("vision_config.num_attention_heads", "5")]
    public void WhatWouldChangeANumberIsRefusedByItsField(string field, string value)
    {
        string[] path = field.Split('.');
        Assert.Contains(path[^1], Assert.Throws<InvalidInputException>(() => Parse(With(field, value))).Message, StringComparison.Ordinal);
    }

    // the released InternVL3-9B: there is no conversion for transformers to name
    [Theory]
    [InlineData("internlm3", "internlm3")]
    [InlineData("qwen2", "-hf")]
    public void TheOriginalFormIsRefusedWithItsLanguageModelWhereThatCannotRun(string language, string said)
    {
        string config = $$"""{ "model_type": "internvl_chat", "llm_config": { "model_type": "{{language}}", "hidden_size": 4096 } }""";
        Assert.Contains(said, Assert.Throws<InvalidInputException>(() => Parse(config)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vision_config.image_size", "28")]
    [InlineData("vision_config.patch_size", "7")]
    [InlineData("vision_feature_layer", "[-1]")]
    public void OtherSpellingsMeanTheSame(string field, string value)
    {
        InternVlConfig plain = (InternVlConfig)ModelConfig.Load(Folder), other = (InternVlConfig)Parse(With(field, value));
        Assert.Equal(plain.Vision, other.Vision);
        Assert.Equal(plain.FeatureStates, other.FeatureStates);
        Assert.Equal(plain.Parts, other.Parts);
    }

    [Fact]
    public void AConfigWithoutFieldsIsThatOfTransformersDefaults()
    {
        InternVlConfig config = (InternVlConfig)Parse("""{ "model_type": "internvl" }""");
        Assert.Equal((448, 14, 24, 1024, "gelu"), (config.Vision.ImageSize, config.Vision.PatchSize, config.Vision.Layers, config.Vision.HiddenSize,
            config.Vision.Activation));
        Assert.Equal(new InternVlTowerParts(false, false, false, true, false, false), config.Parts);
        Assert.Equal((256, 151667, true, "qwen2"), (config.LeastImageTokens, config.ImageTokenId, config.TieWordEmbeddings, config.Text.ModelType));
    }

    [Fact]
    public void TheFileDecidesWhetherTheOutputLayerIsTied()
    {
        foreach (string folder in Directory.GetDirectories(Golden.At("models")).Where(folder => File.Exists(Path.Combine(folder, "config.json"))))
        {
            using VisionLanguageModel model = ModelCheckpoint.Load(folder);
            Assert.Equal(model.Config.TieWordEmbeddings, ModelCheckpoint.ConfigOf(folder).TieWordEmbeddings);
        }
        Assert.True(ModelConfig.Load(Folder).TieWordEmbeddings);
        Assert.False(ModelCheckpoint.ConfigOf(Folder).TieWordEmbeddings);
    }

    // parts that no released tower has, and the golden checkpoints neither
    [Theory]
    [InlineData("vision_config.use_mean_pooling", "false", true)]
    [InlineData("vision_config.use_absolute_position_embeddings", "false", true)]
    [InlineData("vision_config.layer_norm_eps", "0.5", true)]
    [InlineData("vision_feature_layer", "-2", true)]
    [InlineData("vision_feature_layer", "3", false)]
    public void EveryPartOfTheTowerCounts(string field, string value, bool changes)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using VisionLanguageModel plain = ModelFactory.Create(ModelConfig.Load(Folder), 3), other = ModelFactory.Create(Parse(With(field, value)), 3);
        ModelProcessor processor = ModelProcessor.Load(Folder);
        using ImageInputs images = processor.Images.Batch([processor.Images.Process(new RgbImage(9, 4, [.. Enumerable.Range(0, 108).Select(at => (byte)at)]))]);
        double difference = (plain.EmbedImages(images)!.Tokens_TH - other.EmbedImages(images)!.Tokens_TH).abs().max().item<float>();
        Assert.Equal(changes, difference > 1e-6);
        // what is written is read again
        using TemporaryFolder folder = new();
        ModelCheckpoint.Save(other, folder.At("saved"));
        using VisionLanguageModel again = ModelCheckpoint.Load(folder.At("saved"));
        Assert.True(again.EmbedImages(images)!.Tokens_TH.eq(other.EmbedImages(images)!.Tokens_TH).all().item<bool>());
    }

    [Fact]
    public void TheLastHiddenStateByItsNumberIsNotNormed()
    {
        InternVlConfig Of(string layer) => (InternVlConfig)Parse(With("vision_feature_layer", layer, With("vision_config.use_mean_pooling", "false")));
        Assert.Equal((true, true), (Of("-1").Parts.HasFinalNorm, Of("-1").Parts.AppliesFinalNorm));
        Assert.Equal((true, false), (Of("3").Parts.HasFinalNorm, Of("3").Parts.AppliesFinalNorm));
    }

    private static ModelConfig Parse(string json) => ModelConfig.Parse(ConfigReader.Parse(Encoding.UTF8.GetBytes(json), "config.json"));

    private static string With(string field, string value, string? json = null)
    {
        JsonObject root = JsonNode.Parse(json ?? File.ReadAllText(Path.Combine(Folder, "config.json")))!.AsObject(), part = root;
        string[] path = field.Split('.');
        foreach (string name in path[..^1]) part = part[name]!.AsObject();
        part[path[^1]] = JsonNode.Parse(value);
        return root.ToJsonString();
    }
}
