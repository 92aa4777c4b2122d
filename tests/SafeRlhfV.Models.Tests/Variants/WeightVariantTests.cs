using System.Security.Cryptography;
using System.Text.Json;
using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class WeightVariantTests
{
    public static TheoryData<string> Names() => Variant.Names("weights", "weights");

    [Theory]
    [MemberData(nameof(Names))]
    public void WeightsAreReadBitForBitOrRefusedByName(string name)
    {
        using TemporaryFolder temporary = new();
        Variant variant = Variant.Open("weights", name);
        string folder = variant.Assemble(temporary);
        variant.Judge(() =>
        {
            bool whole = variant.Text("level") != "file";
            if (whole) using (VisionLanguageModel model = ModelCheckpoint.Load(folder, new LoadOptions { RequiresGradient = false, Dtype = ScalarType.Float32 })
                ) variant.CompareLogits(model);
            using CheckpointTensors tensors = CheckpointTensors.Open(folder);
            if (!variant.Expected.TryGetProperty("tensors", out JsonElement expected)) return;
            Assert.Equal(expected.EnumerateObject().Select(entry => entry.Name).Order(StringComparer.Ordinal), tensors.Names.Order(StringComparer.Ordinal));
            foreach (JsonProperty entry in expected.EnumerateObject())
            {
                Assert.Equal(entry.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64()), tensors.Entry(entry.Name).Shape);
                Assert.Equal(entry.Value.GetProperty("dtype").GetString(), DtypeName(tensors.Entry(entry.Name).Dtype));
                using Tensor read = tensors.FileOf(entry.Name).Read(entry.Name);
                using Tensor straight = read.contiguous();
                string hash = straight.numel() == 0 ? Hash([]) : Hash(straight.bytes);
                Assert.True(entry.Value.GetProperty("sha256").GetString() == hash, $"{entry.Name} has other bytes");
            }
        });
        if (variant.Refusal is not { } refusal) return;
        // what the user has to know: the kind of quantisation, the missing file, what the pickle would call
        string config = Path.Combine(variant.Folder, "config.json");
        if (File.Exists(config) && ConfigReader.Open(config).Section("quantization_config") is { } quantised)
            Assert.Contains(quantised.Text("quant_method"), refusal);
        foreach (string index in Directory.GetFiles(variant.Folder, "*.index.json"))
            foreach (JsonProperty shard in ConfigReader.Open(index).Section("weight_map")!.Element.EnumerateObject()
                .Where(entry => !File.Exists(Path.Combine(folder, entry.Value.GetString()!))).Take(1))
                Assert.Contains(shard.Value.GetString()!, refusal);
        if (variant.Text("reason")!.Contains("code in the pickle", StringComparison.Ordinal)
            || variant.Text("reason")!.Contains("global", StringComparison.Ordinal)) Assert.Contains("getcwd", refusal);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ConvertingWritesSafetensorsOfTheSameNumbers(string name)
    {
        Variant variant = Variant.Open("weights", name);
        if (!variant.MustLoad || variant.Text("level") == "file") return;
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        CheckpointConverter.Convert(variant.Assemble(temporary), temporary.At("new"));
        Assert.True(File.Exists(temporary.At("new", "model.safetensors")));
        Assert.Empty(Directory.GetFiles(temporary.At("new"), "*.bin*"));
        using VisionLanguageModel model = ModelCheckpoint.Load(temporary.At("new"), new LoadOptions { Dtype = ScalarType.Float32 });
        variant.CompareLogits(model);
    }

    private static string DtypeName(ScalarType type) => type switch
    {
        ScalarType.Byte => "uint8",
        ScalarType.Int8 => "int8",
        ScalarType.Bool => "bool",
        _ => type.ToString().ToLowerInvariant(),
    };

    private static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
