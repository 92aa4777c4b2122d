using SafeRlhfV.Testing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class AdapterVariantTests
{
    public static TheoryData<string> Names() => Variant.Names("adapters", "adapter");

    [Theory]
    [MemberData(nameof(Names))]
    public void AnAdapterGivesTheReferenceLogitsInEveryWayOfUseOrIsRefused(string name)
    {
        using TemporaryFolder temporary = new();
        Variant variant = Variant.Open("adapters", name);
        variant.Judge(() =>
        {
            using VisionLanguageModel model = Load(variant.Base);
            Tensor before = Fingerprint(model);
            model.Adapters.Load("one", variant.Folder);
            using (model.Adapters.Use("one"))
            {
                variant.CompareLogits(model);
                Greedy(variant, model);
            }
            using (no_grad())
            using (model.Adapters.UseMerged("one")) variant.CompareLogits(model, "logits_last_merged");
            using (no_grad())
            using (model.Adapters.Use("one")) Assert.True((before - Fingerprint(model)).abs().max().item<float>() > 1e-4);
            using (model.Adapters.Use(null)) Assert.Equal(0, (before - Fingerprint(model)).abs().max().item<float>());

            // saved and loaded again: the same adapter
            model.Adapters["one"].Save(temporary.At("copy"));
            model.Adapters.Load("two", temporary.At("copy"));
            using (model.Adapters.Use("two")) variant.CompareLogits(model);

            // merged for good, and written
            CheckpointConverter.Merge(variant.Base, variant.Folder, temporary.At("merged"));
            using VisionLanguageModel merged = Load(temporary.At("merged"));
            variant.CompareLogits(merged, "logits_last_merged");
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryParameterOfAnAdapterLearnsAndTheModelDoesNot(string name)
    {
        Variant variant = Variant.Open("adapters", name);
        if (!variant.MustLoad) return;
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = Load(variant.Base);
        LoraAdapter adapter = model.Adapters.Load("one", variant.Folder);
        (ParityCase numbers, ParityCase inputs) = variant.Case();
        using ParityCase first = numbers, second = inputs;
        using (model.Adapters.Use("one", new DropoutStream(1, "test")))
        {
            ImageEmbeddings? images = model.EmbedImages(inputs.Images(model));
            Tensor ids = numbers.Tensor("input_ids");
            model.Logits(model.Hidden(ids, numbers.Tensor("attention_mask").to(ScalarType.Bool), images)).logsumexp(-1).sum().backward();
        }
        // the tower's blocks after the features that are taken are never run
        foreach ((string key, TorchSharp.Modules.Parameter parameter)
            in adapter.NamedParameters.Where(entry => !entry.Key.Contains("vision_tower", StringComparison.Ordinal)))
            Assert.True(parameter.grad is { } grad && grad.isfinite().all().item<bool>() && grad.abs().max().item<float>() > 0, key);
        Assert.All(model.parameters(), parameter => Assert.Null(parameter.grad));
    }

    private static VisionLanguageModel Load(string folder) => ModelCheckpoint.Load(folder,
        new LoadOptions { RequiresGradient = false, Dtype = ScalarType.Float32 });

    private static Tensor Fingerprint(VisionLanguageModel model)
    {
        using IDisposable noGrad = no_grad();
        Tensor ids = tensor(new long[] { 1, 300, 301, 302, 413, 769 }).view(1, 6);
        return model.Logits(model.Hidden(ids, ones_like(ids, ScalarType.Bool), null));
    }

    private static void Greedy(Variant variant, VisionLanguageModel model)
    {
        using IDisposable noGrad = no_grad();
        (ParityCase numbers, ParityCase inputs) = variant.Case();
        using ParityCase first = numbers, second = inputs;
        if (numbers.TryTensor("new_tokens") is not { } expected) return;
        GenerationPrompt prompt = new(numbers.Tensor("input_ids"), numbers.Tensor("attention_mask").to(ScalarType.Bool),
            model.EmbedImages(inputs.Images(model)));
        using GenerationResult result = new TextGenerator(model).Generate(prompt,
            new GenerationSettings { Temperature = 0, MaxNewTokens = (int)expected.shape[1] });
        // the reference may generate the image token, which is never done here: the answers are compared as far as there is none
        long[] theirs = [.. expected.data<long>().ToArray().TakeWhile(id => id != model.ImageTokenId)];
        Assert.Equal(theirs, result.Tokens_BT.data<long>().ToArray().Take(theirs.Length));
    }
}
