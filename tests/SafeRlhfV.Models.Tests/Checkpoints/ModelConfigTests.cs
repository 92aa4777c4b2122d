using System.Diagnostics;
using System.Text;
using CsCheck;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class ModelConfigTests
{
    public static TheoryData<string> Folders() => ModelCheckpointTests.Folders();

    private static ModelConfig Parse(string json) => ModelConfig.Parse(ConfigReader.Parse(Encoding.UTF8.GetBytes(json), "config.json"));

    [Theory]
    [MemberData(nameof(Folders))]
    public void ABrokenConfigIsParsedOrRefusedInOneLine(string name)
    {
        string good = File.ReadAllText(Golden.At("models", name, "config.json"));
        int parsed = 0, refused = 0;
        Stopwatch clock = Stopwatch.StartNew();
        Mutation.Gen.Sample(change =>
        {
            string json = Mutation.Json(good, change);
            try
            {
                ModelConfig config = Parse(json);
                // what passes can be built and written: sizes are possible, none overflows
                if (config.Text.Layers < 100) Assert.All(ParameterList.Of(config), entry => Assert.All(entry.Shape, size => Assert.InRange(size, 1, 1L << 28)));
                Assert.Contains("model_type", config.ToJson(ScalarType.BFloat16));
                parsed++;
            }
            catch (InvalidInputException error)
            {
                Assert.DoesNotContain('\n', error.Message);
                Assert.Contains("config.json", error.Message);
                refused++;
            }
        }, iter: 400, threads: 1);
        Assert.True(parsed > 0 && refused > 0);
        Assert.InRange(clock.Elapsed.TotalSeconds, 0, 60);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void AConfigThatDoesNotFitTheWeightsNeverCrashesTheLoader(string name)
    {
        using TemporaryFolder temporary = new();
        string source = Golden.At("models", name), good = File.ReadAllText(Path.Combine(source, "config.json"));
        foreach (string path in Directory.GetFiles(source, "model*")) File.Copy(path, temporary.At(Path.GetFileName(path)));
        Mutation.Gen.Sample(change =>
        {
            File.WriteAllText(temporary.At("config.json"), Mutation.Json(good, change));
            try
            {
                ModelCheckpoint.Load(temporary.Path).Dispose();
            }
            catch (InvalidInputException error)
            {
                Assert.DoesNotContain('\n', error.Message);
            }
        }, iter: 40, threads: 1);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void EveryLayoutNamesEveryParameterAndFindsItAgain(string name)
    {
        ModelConfig config = ModelConfig.Load(Golden.At("models", name));
        IReadOnlyList<ParameterEntry> entries = ParameterList.Of(config);
        ModelFamily family = ModelFamilies.Find(config.ModelType)!;
        foreach (KeyLayout layout in family.Layouts)
        {
            Assert.All(entries, entry => Assert.Equal(entry.Name, layout.ToCanonical(layout.ToFile(entry.Name))));
            Assert.Equal(entries.Count, entries.Select(entry => layout.ToFile(entry.Name)).Distinct().Count());
            Assert.Equal(layout.Name, family.Recognise("folder", entries.Select(entry => layout.ToFile(entry.Name))).Layout.Name);
        }
    }

    [Theory]
    [InlineData("{\"model_type\":\"bert\"}", "not a family known here")]
    [InlineData("{\"model_type\":1}", "must be text")]
    [InlineData("{}", "model_type is missing")]
    [InlineData("{\"model_type\":\"llava\",\"model_type\":\"llava\"}", "Duplicate")]
    [InlineData("{\"model_type\":\"\\ud800\"}", "not valid JSON")]
    [InlineData("{\"\\udc00\":1}", "not valid JSON")]
    [InlineData("{\"model_type\":\"llava\"", "not valid JSON")]
    [InlineData("null", "not a JSON object")]
    [InlineData("{\"model_type\":\"llava\",\"text_config\":{\"model_type\":\"gpt2\"}}", "not a decoder known here")]
    [InlineData("{\"model_type\":\"llava\",\"text_config\":{\"rope_scaling\":{\"rope_type\":\"longrope\",\"factor\":2}}}", "'longrope' is not supported")]
    [InlineData("{\"model_type\":\"llava\",\"text_config\":{\"num_attention_heads\":65536,\"head_dim\":65536}}", "out of range")]
    [InlineData("{\"model_type\":\"qwen2_vl\",\"hidden_size\":3584,\"num_attention_heads\":28,\"num_key_value_heads\":4}", "mrope_section")]
    [InlineData("{\"model_type\":\"qwen2_vl\",\"hidden_size\":64,\"num_attention_heads\":4,\"num_key_value_heads\":4,\"rope_scaling\":{\"type\":\"mrope\",\"mrope_section\":[2,3,3]}}", "language model's hidden_size is 64")]
    [InlineData("{\"model_type\":\"qwen2_vl\",\"rope_scaling\":{\"type\":\"mrope\",\"mrope_section\":[1,2,3]}}", "add up to half the head size")]
    [InlineData("{\"model_type\":\"qwen3_vl\",\"vision_config\":{\"num_position_embeddings\":5}}", "square number")]
    [InlineData("{\"model_type\":\"qwen3_vl\",\"vision_config\":{\"deepstack_visual_indexes\":[27]}}", "different blocks")]
    [InlineData("{\"model_type\":\"qwen2_5_vl\",\"vision_config\":{\"window_size\":20}}", "window_size")]
    [InlineData("{\"model_type\":\"llava\",\"text_config\":{\"rope_scaling\":{\"rope_type\":\"linear\",\"factor\":2,\"short_factor\":[1]}}}",
        "rope_scaling.short_factor is not known")]
    [InlineData("{\"model_type\":\"llava\",\"text_config\":{\"rope_scaling\":{\"factor\":2}}}", "no effect")]
    [InlineData("{\"model_type\":\"llava\",\"text_config\":{\"rope_scaling\":{\"rope_type\":\"yarn\"}}}", "factor is missing")]
    [InlineData("{\"model_type\":\"llava\",\"text_config\":{\"rope_scaling\":{\"type\":\"linear\",\"rope_type\":\"yarn\",\"factor\":2}}}", "rope_type is")]
    [InlineData("{\"model_type\":\"llava\",\"text_config\":{\"rope_theta\":5,\"rope_parameters\":{\"rope_theta\":7}}}", "rope_theta beside it is 5")]
    [InlineData("{\"model_type\":\"llava\",\"rope_theta\":5,\"text_config\":{}}", "stands at the top")]
    [InlineData("{\"model_type\":\"llava\",\"rope_scaling\":{\"type\":\"linear\",\"factor\":2},\"text_config\":{}}", "rope_scaling stands at the top")]
    [InlineData("{\"model_type\":\"llava\",\"text_config\":{\"partial_rotary_factor\":0.5}}", "partial_rotary_factor")]
    [InlineData("{\"model_type\":\"llava\",\"text_config\":{\"rope_parameters\":{\"partial_rotary_factor\":0.5}}}", "partial_rotary_factor")]
    [InlineData("{\"model_type\":\"llava\",\"text_config\":{\"final_logit_softcapping\":30.0}}", "final_logit_softcapping")]
    [InlineData("{\"model_type\":\"llava\",\"text_config\":{\"num_local_experts\":8}}", "num_local_experts")]
    [InlineData("{\"model_type\":\"llava\",\"text_config\":{\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":4}}}", "gptq, 4 bits")]
    [InlineData("{\"model_type\":\"llava\",\"image_token_index\":3,\"image_token_id\":4}", "image_token_index")]
    [InlineData("{\"model_type\":\"llava\",\"use_image_newline_parameter\":false}", "use_image_newline_parameter")]
    [InlineData("{\"model_type\":\"qwen2\"}", "not a family known here")]
    [InlineData("{\"model_type\":\"qwen2_vl\",\"rope_scaling\":{\"type\":\"mrope\",\"mrope_interleaved\":true,\"mrope_section\":[16,24,24]}}",
        "mrope_interleaved must be false")]
    [InlineData("{\"model_type\":\"qwen2_vl\",\"num_hidden_layers\":1,\"layer_types\":[\"sliding_attention\"]}", "no sliding_window")]
    [InlineData("{\"model_type\":\"qwen2_vl\",\"num_hidden_layers\":1,\"layer_types\":[\"chunked_attention\"]}", "chunked_attention")]
    [InlineData("{\"model_type\":\"qwen2_vl\",\"num_hidden_layers\":2,\"layer_types\":[\"full_attention\"]}", "must name 2 layers")]
    [InlineData("{\"model_type\":\"llava\",\"text_config\":{\"model_type\":\"mistral\",\"num_hidden_layers\":1,\"layer_types\":[\"full_attention\"]}}",
        "counts in all of them")]
    public void WhatCannotBeRunIsRefusedByName(string json, string named) => Assert.Contains(named,
        Assert.Throws<InvalidInputException>(() => Parse(json)).Message);

    // a missing field has a default, null says that there is no window
    [Theory]
    [InlineData("mistral", "", 4096)]
    [InlineData("mistral", ",\"sliding_window\":null", null)]
    [InlineData("qwen2", ",\"use_sliding_window\":true", 4096)]
    [InlineData("qwen2", ",\"use_sliding_window\":true,\"sliding_window\":null", null)]
    [InlineData("qwen2_vl", ",\"use_sliding_window\":true,\"sliding_window\":null", null)]
    [InlineData("qwen3", ",\"use_sliding_window\":true,\"sliding_window\":null", null)]
    [InlineData("qwen3", ",\"use_sliding_window\":true,\"sliding_window\":8", 8)]
    [InlineData("qwen3_vl", ",\"use_sliding_window\":true,\"sliding_window\":8,\"max_window_layers\":0", null)] // no field of its class
    public void AWindowOfNullIsNone(string type, string fields, int? window) => Assert.Equal(window,
        TextConfig.Parse(ConfigReader.Parse(Encoding.UTF8.GetBytes($"{{\"model_type\":\"{type}\"{fields}}}"), "config.json")).SlidingWindow);

    [Theory]
    [InlineData("\"rope_theta\":7,\"rope_scaling\":null,\"text_config\":{\"rope_parameters\":{\"rope_theta\":7}}", 7)]
    [InlineData("\"text_config\":{\"rope_scaling\":{},\"rope_parameters\":{\"rope_theta\":8}}", 8)] // an empty object counts as missing
    // the older name goes first, as in transformers
    [InlineData("\"text_config\":{\"rope_scaling\":{\"rope_theta\":9},\"rope_parameters\":{\"rope_theta\":8}}", 9)]
    [InlineData("\"text_config\":{\"attn_logit_softcapping\":null,\"logit_scale\":1.0,\"num_experts\":0,\"use_qk_norm\":false,\"no_rope_layers\":[]}", 10000)]
    public void SpellingsOfTheSameAndFieldsThatSayNothingAreRead(string fields, double theta) => Assert.Equal(theta,
        Parse($"{{\"model_type\":\"llava\",{fields}}}").Text.Rope.Theta);

    [Fact]
    public void DepthAndSizeAreBounded()
    {
        Assert.Contains("not valid JSON", Assert.Throws<InvalidInputException>(() => Parse("{\"model_type\":" + new string('[', 100_000))).Message);
        using TemporaryFolder temporary = new();
        using (FileStream stream = File.Create(temporary.At("config.json"))) stream.SetLength(17L << 20);
        Assert.Contains("larger than 16 MiB", Assert.Throws<InvalidInputException>(() => ModelConfig.Load(temporary.Path)).Message);
    }
}
