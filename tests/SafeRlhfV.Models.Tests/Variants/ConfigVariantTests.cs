using SafeRlhfV.Processing;
using SafeRlhfV.Testing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class ConfigVariantTests
{
    public static TheoryData<string> Names() => Variant.Names("configs", "config");

    [Theory]
    [MemberData(nameof(Names))]
    public void AConfigGivesTheReferenceLogitsOrIsRefused(string name)
    {
        using TemporaryFolder temporary = new();
        Variant variant = Variant.Open("configs", name);
        string folder = variant.Assemble(temporary);
        variant.Judge(() =>
        {
            _ = GenerationDefaults.Load(folder);
            _ = ModelProcessor.Load(folder);
            using VisionLanguageModel model = ModelCheckpoint.Load(folder, new LoadOptions { RequiresGradient = false, Dtype = ScalarType.Float32 });
            variant.CompareLogits(model);
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ConvertingKeepsTheLogits(string name)
    {
        Variant variant = Variant.Open("configs", name);
        if (!variant.MustLoad) return;
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        CheckpointConverter.Convert(variant.Assemble(temporary), temporary.At("new"));
        Assert.Equal(ModelSummary.Of(temporary.At("model")).Parameters, ModelSummary.Of(temporary.At("new")).Parameters);
        using VisionLanguageModel model = ModelCheckpoint.Load(temporary.At("new"), new LoadOptions { Dtype = ScalarType.Float32 });
        variant.CompareLogits(model);
    }
}
