using System.Text;
using System.Text.Json.Nodes;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

public sealed class OneVisionConfigTests
{
    private static readonly string Folder = Golden.At("models", "llava-onevision-tiny");

    [Theory]
    [InlineData("vision_aspect_ratio", "\"pad\"")]
    [InlineData("vision_aspect_ratio", "\"anyres_max_\"")]
    [InlineData("vision_aspect_ratio", "\"anyres_max_0\"")]
    [InlineData("vision_feature_select_strategy", "\"default\"")]
    [InlineData("vision_feature_layer", "4")]
    [InlineData("image_grid_pinpoints", "[[20, 21]]")]
    [InlineData("image_token_id", "1")]
    [InlineData("vision_config.vision_use_head", "true")]
    [InlineData("vision_config.vision_use_head", "null")]
    [InlineData("vision_config.model_type", "\"clip_vision_model\"")]
    public void WhatWouldChangeANumberIsRefusedByItsField(string field, string value)
    {
        JsonObject root = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "config.json")))!.AsObject(), part = root;
        string[] path = field.Split('.');
        foreach (string name in path[..^1]) part = part[name]!.AsObject();
        part[path[^1]] = JsonNode.Parse(value);
        ConfigReader reader = ConfigReader.Parse(Encoding.UTF8.GetBytes(root.ToJsonString()), "config.json");
        string message = Assert.Throws<InvalidInputException>(() => ModelConfig.Parse(reader)).Message;
        Assert.Contains(field == "image_token_id" ? "image_token_index" : path[^1], message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vision_aspect_ratio", "\"anyres_max_4\"")]
    [InlineData("num_image_tokens", "16")]
    [InlineData("vision_feature_select_strategy", "\"default\"")]
    public void AProcessorThatCountsOtherTokensIsRefused(string field, string value)
    {
        using TemporaryFolder copy = new();
        foreach (string file in Directory.EnumerateFiles(Folder, "*.json")) File.WriteAllBytes(copy.At(Path.GetFileName(file)), File.ReadAllBytes(file));
        JsonObject processor = JsonNode.Parse(File.ReadAllText(copy.At("processor_config.json")))!.AsObject();
        processor[field] = JsonNode.Parse(value);
        File.WriteAllText(copy.At("processor_config.json"), processor.ToJsonString());
        Assert.Contains(field, Assert.Throws<InvalidInputException>(() => ModelProcessor.Load(copy.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AConfigWithoutFieldsIsThatOfTheReleasedTowers()
    {
        OneVisionConfig config = OneVisionConfig.Read(ConfigReader.Parse("""{ "model_type": "llava_onevision" }"""u8.ToArray(), "config.json"));
        TileGrid tiles = config.Tiles!;
        Assert.Equal((384, 27, 36, 9), (tiles.TileSize, tiles.GridSize, tiles.Pinpoints.Count, tiles.MostTiles));
        Assert.Equal((26, "gelu_pytorch_tanh", "qwen2"), (config.Vision.Layers, config.Vision.Activation, config.Text.ModelType));
        Assert.Equal([26], config.FeatureStates);
        Assert.Equal([1485, 2929, 7269], new[] { (384, 384), (480, 640), (1080, 1920) }.Select(size => tiles.Tokens(size.Item1, size.Item2)));
        Assert.Equal(730, tiles.SingleTokens);
    }
}
