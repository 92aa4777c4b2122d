using System.Text;
using System.Text.Json.Nodes;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Models.Tests;

public sealed class GemmaConfigTests
{
    private static readonly string Folder = Golden.At("models", "gemma3-tiny");

    [Theory]
    [InlineData("mm_tokens_per_image", "15")]
    [InlineData("mm_tokens_per_image", "9")]
    [InlineData("mm_tokens_per_image", "100")]
    [InlineData("text_config.model_type", "\"llama\"")]
    [InlineData("text_config.use_bidirectional_attention", "true")]
    [InlineData("text_config.query_pre_attn_scalar", "0")]
    [InlineData("text_config.sliding_window", "null")]
    [InlineData("text_config.layer_types", "[\"full_attention\", \"chunked_attention\", \"full_attention\", \"full_attention\"]")]
    [InlineData("text_config.rope_parameters", "{ \"full_attention\": { \"rope_type\": \"default\" } }")]
    [InlineData("text_config.num_experts", "4")]
    [InlineData("vision_config", "null")]
    [InlineData("vision_config.vision_use_head", "true")]
    [InlineData("vision_config.model_type", "\"clip_vision_model\"")]
    [InlineData("model_type", "\"gemma3_text\"")]
    public void WhatWouldChangeANumberIsRefusedByItsField(string field, string value)
    {
        string message = Assert.Throws<InvalidInputException>(() => Parse((field, value))).Message;
        Assert.Contains(field.EndsWith("rope_parameters", StringComparison.Ordinal) ? "rope_scaling" : field.Split('.')[^1], message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{ \"rope_type\": \"linear\", \"factor\": 8.0 }", "rope_type")]
    [InlineData("{ \"full_attention\": { \"rope_type\": \"linear\" } }", "factor")]
    [InlineData("{ \"sliding_attention\": { \"rope_theta\": 5000.0 } }", "rope_local_base_freq")]
    public void RopeSettingsByKindOfLayerAreRead(string settings, string fault)
    {
        string message = Assert.Throws<InvalidInputException>(() => Parse(("text_config.rope_scaling", "null"), ("text_config.rope_parameters", settings)))
            .Message;
        Assert.Contains(fault, message, StringComparison.Ordinal);
    }

    [Fact]
    public void BothSpellingsOfRotaryPositionsAndLayersAreTheSameModel()
    {
        TextConfig older = Parse().Text, newer = Parse(("text_config.rope_scaling", "null"), ("text_config.rope_local_base_freq", "null"),
            ("text_config.sliding_window_pattern", "null"),
            ("text_config.rope_parameters", """
                { "full_attention": { "rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0 },
                  "sliding_attention": { "rope_type": "default", "rope_theta": 10000.0 } }
                """),
            ("text_config.layer_types", """["sliding_attention", "sliding_attention", "full_attention", "sliding_attention"]""")).Text;
        Assert.Equal(("linear", 8.0, 1e6), (newer.Rope.Type, newer.Rope.Factor, newer.Rope.Theta));
        Assert.Equal(("default", 1e4), (newer.SlidingRope!.Type, newer.SlidingRope.Theta));
        Assert.Equal([true, true, false, true], older.SlidingLayers);
        Assert.Equal(older.SlidingLayers, newer.SlidingLayers);
        Assert.Equal(older with { SlidingLayers = [] }, newer with { SlidingLayers = [] });
    }

    [Fact]
    public void AConfigWithoutTextFieldsHasTransformersDefaults()
    {
        TextConfig text = Parse(("text_config", "null")).Text;
        Assert.Equal((2304, 9216, 26, 8, 4, 256, 262208), (text.HiddenSize, text.IntermediateSize, text.Layers, text.Heads, text.KeyValueHeads, text.HeadSize,
            text.VocabularySize));
        Assert.Equal((4096, 131072, 256.0), (text.SlidingWindow, text.MaxTokens, text.QueryScalar));
        Assert.Equal([5, 11, 17, 23], text.SlidingLayers.Index().Where(layer => !layer.Item).Select(layer => layer.Index));
    }

    [Fact]
    public void SoftCapsAreFieldsThatTheReferencesClassDoesNotRead() => Assert.Equal(30,
        Parse(("text_config.final_logit_softcapping", "30.0"), ("text_config.attn_logit_softcapping", "50.0")).Source.GetProperty("text_config")
            .GetProperty("final_logit_softcapping").GetDouble());

    [Fact]
    public void AModelWithAnOutputLayerOfItsOwnSaysSoInItsConfig()
    {
        using TemporaryFolder saved = new();
        using (VisionLanguageModel model = ModelCheckpoint.Load(Folder))
        {
            model.Untie();
            ModelCheckpoint.Save(model, saved.At("untied"));
        }
        using VisionLanguageModel again = ModelCheckpoint.Load(saved.At("untied"));
        Assert.False(again.Config.TieWordEmbeddings);
        Assert.False(JsonNode.Parse(File.ReadAllText(saved.At("untied/config.json")))!["tie_word_embeddings"]!.GetValue<bool>());
        Assert.Contains(again.named_parameters(), parameter => parameter.name == "language_model.lm_head.weight");
    }

    [Theory]
    [InlineData("256")]
    [InlineData("null")]
    public void AProcessorThatCountsOtherTokensIsRefused(string value)
    {
        using TemporaryFolder copy = new();
        foreach (string file in Directory.EnumerateFiles(Folder, "*.json")) File.WriteAllBytes(copy.At(Path.GetFileName(file)), File.ReadAllBytes(file));
        JsonObject processor = JsonNode.Parse(File.ReadAllText(copy.At("processor_config.json")))!.AsObject();
        processor["image_seq_length"] = JsonNode.Parse(value);
        File.WriteAllText(copy.At("processor_config.json"), processor.ToJsonString());
        Assert.Contains("image_seq_length", Assert.Throws<InvalidInputException>(() => ModelProcessor.Load(copy.Path)).Message, StringComparison.Ordinal);
    }

    private static ModelConfig Parse(params ReadOnlySpan<(string Field, string Value)> changes)
    {
        JsonObject root = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "config.json")))!.AsObject();
        foreach ((string field, string value) in changes)
        {
            JsonObject part = root;
            string[] path = field.Split('.');
            foreach (string name in path[..^1]) part = part[name]!.AsObject();
            part[path[^1]] = JsonNode.Parse(value);
        }
        return ModelConfig.Parse(ConfigReader.Parse(Encoding.UTF8.GetBytes(root.ToJsonString()), "config.json"));
    }
}
