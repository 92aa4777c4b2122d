using SafeRlhfV.Testing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>Modules that a new adapter trains whole beside its low-rank products (PEFT's modules_to_save).</summary>
public sealed class SavedModulesTests
{
    private static readonly string[] Ends = ["embed_tokens", "lm_head"];

    public static TheoryData<string> Models => [.. Directory.GetDirectories(Golden.At("models"))
        .Where(folder => File.Exists(Path.Combine(folder, "config.json")) && Directory.EnumerateFiles(folder, "model*.safetensors").Any())
        .Select(folder => Path.GetFileName(folder)!)];

    [Fact]
    public void ANewAdapterHasTheTensorsThatPeftWrites()
    {
        int met = 0;
        foreach (string folder in Directory.GetDirectories(Golden.At("variants", "adapters")))
        {
            if (!File.Exists(Path.Combine(folder, "expected.json"))) continue;
            Variant variant = Variant.Open("adapters", Path.GetFileName(folder));
            if (!variant.MustLoad || LoraConfig.Load(folder) is not { ModulesToSave.Count: > 0 } config) continue;
            using VisionLanguageModel model = ModelCheckpoint.Load(variant.Base, new LoadOptions { RequiresGradient = false });
            using LoraAdapter theirs = model.Adapters.Load("theirs", folder), ours = model.Adapters.Create("ours", config, 1);
            IEnumerable<string> Tensors(LoraAdapter adapter) =>
                adapter.NamedParameters.Select(named => $"[{string.Join(", ", named.Parameter.shape)}]").Order();
            Assert.Equal(Tensors(theirs), Tensors(ours));
            using TemporaryFolder temporary = new();
            ours.Save(temporary.At("ours"));
            using WeightFile written = WeightFile.Open(temporary.At("ours", "adapter_model.safetensors"));
            using WeightFile file = WeightFile.Open(Path.Combine(folder, "adapter_model.safetensors"));
            // old names are of an older transformers
            if (!folder.Contains("old-names", StringComparison.Ordinal)) Assert.Equal(file.Entries.Keys.Order(), written.Entries.Keys.Order());
            Assert.Equal(LoraAdapter.NumbersOf(folder), LoraAdapter.NumbersOf(temporary.At("ours")));
            met++;
        }
        Assert.True(met > 0);
    }

    [Theory, MemberData(nameof(Models))]
    public void TheyStartAsTheModelsAndLearnAndAreSavedAndMerged(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", name), new LoadOptions { RequiresGradient = false });
        Tensor ids = tensor(new long[] { 1, 11, 12, 13, 14 }).view(1, 5);
        Tensor Logits() => model.Logits(model.Hidden(ids, ones_like(ids, ScalarType.Bool), null));
        LoraAdapter adapter = model.Adapters.Create("one", LoraConfig.ForLanguageModel(2, 4) with { ModulesToSave = Ends }, 1);
        Parameter[] whole = [.. adapter.NamedParameters.Where(named => !named.Key.Contains(".lora_", StringComparison.Ordinal))
            .Select(named => named.Parameter)];
        Assert.Equal(model.Adapters.NumbersIn(Ends), whole.Sum(parameter => parameter.numel()));
        Assert.Equal(2, whole.Length); // a matrix that is both is two then
        Tensor bare, changed;
        using (no_grad()) bare = Logits();
        using (model.UseAdapter("one"))
        {
            Tensor first = Logits();
            Assert.False(Far(first, bare));
            first.square().sum().backward();
        }
        Assert.All(whole, parameter => Assert.True(parameter.grad!.abs().sum().to(ScalarType.Float32).item<float>() > 0));
        Assert.All(model.parameters(), parameter => Assert.Null(parameter.grad));
        using IDisposable noGrad = no_grad();
        foreach (Parameter parameter in adapter.Parameters) parameter.add_(randn_like(parameter) * 0.05);
        Assert.True(Logits().equal(bare).all().item<bool>());
        using (model.UseAdapter("one")) changed = Logits();
        Assert.True(Far(changed, bare));
        adapter.Save(temporary.At("adapter"));
        model.Adapters.Load("again", temporary.At("adapter"));
        using (model.UseAdapter("again")) Assert.True(Logits().equal(changed).all().item<bool>());
        using (model.Adapters.UseMerged("one")) Assert.False(Far(Logits(), changed));
        adapter.Merge();
        Assert.False(Far(Logits(), changed));
    }

    [Fact]
    public void AModuleThatIsNotThereIsRefusedByName()
    {
        using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", "llava-1.5-tiny"), new LoadOptions { RequiresGradient = false });
        string message = Assert.Throws<InvalidInputException>(
            () => model.Adapters.Create("one", LoraConfig.ForLanguageModel(2, 4) with { ModulesToSave = ["embed_tokens", "head"] }, 1)).Message;
        Assert.Contains("'head' of modules_to_save is no module of this model", message);
        Assert.Contains("lm_head", message); // what there is
        Assert.Empty(model.Adapters.Names);
    }

    private static bool Far(Tensor a, Tensor b)
    {
        double close = b.dtype == ScalarType.Float32 ? 1e-3 : 0.05;
        return (a - b).abs().max().to(ScalarType.Float32).item<float>() > close * (1 + b.abs().max().to(ScalarType.Float32).item<float>());
    }
}
