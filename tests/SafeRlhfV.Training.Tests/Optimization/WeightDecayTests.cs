using SafeRlhfV.Models;
using SafeRlhfV.Testing;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Training.Tests;

public sealed class WeightDecayTests
{
    public static IEnumerable<TheoryDataRow<string>> Models =>
        Directory.EnumerateDirectories(Golden.At("models")).Where(folder => File.Exists(Path.Combine(folder, "config.json"))).Order()
        .Select(folder => new TheoryDataRow<string>(Path.GetFileName(folder)));

    // transformers goes by the module's type; names must say the same in every family
    [Theory, MemberData(nameof(Models))]
    public void ExactlyNormsAndBiasesDoNotDecay(string name)
    {
        using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", name));
        HashSet<IntPtr> norms = [.. model.modules().Where(module => module is RmsNormLayer or LayerNormLayer).SelectMany(module => module.parameters())
            .Select(parameter => parameter.Handle)];
        Assert.NotEmpty(norms);
        foreach ((string parameter, Parameter value) in model.named_parameters())
            Assert.True(WeightDecay.AppliesTo(parameter) == !(norms.Contains(value.Handle) || parameter.EndsWith("bias", StringComparison.Ordinal)), parameter);
    }

    [Fact]
    public void LoraPairsAndHeadsDecay()
    {
        using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", "llava-1.5-tiny"));
        LoraAdapter adapter = model.Adapters.Create("a", LoraConfig.ForLanguageModel(2, 4), 1);
        Assert.All(adapter.NamedParameters, pair => Assert.True(WeightDecay.AppliesTo(pair.Key), pair.Key));
        Assert.True(WeightDecay.AppliesTo("score.weight"));
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0.95f)]
    public void AnUpdateShrinksWhatDecaysAndNothingElse(bool decaysAll, float others)
    {
        string[] names = ["layers.0.mlp.up_proj.weight", "layers.0.input_layernorm.weight", "layers.0.self_attn.q_proj.bias"];
        Parameter[] parameters = [.. names.Select(_ => new Parameter(ones(3)))];
        using AdamW optimizer = new([.. names.Zip(parameters)], new AdamWOptions(WeightDecay: 0.5) { DecayNormsAndBiases = decaysAll });
        foreach (Parameter parameter in parameters) parameter.grad = zeros(3);
        optimizer.Step(0.1);
        Assert.Equal([0.95f, others, others], parameters.Select(parameter => parameter[0].item<float>()));
    }
}
