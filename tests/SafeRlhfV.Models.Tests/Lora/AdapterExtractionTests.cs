using SafeRlhfV.Testing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class AdapterExtractionTests
{
    public static TheoryData<string> Models => [.. Directory.GetDirectories(Golden.At("models"))
        .Where(folder => File.Exists(Path.Combine(folder, "config.json")) && Directory.EnumerateFiles(folder, "model*.safetensors").Any())
        .Select(folder => Path.GetFileName(folder)!)];

    [Theory, MemberData(nameof(Models))]
    public void AtTheFullRankItIsTheTrainedModel(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        string start = Golden.At("models", name);
        Train(start, temporary.At("trained"),
            (model, parameter) => !model.VisionTowerParameters.Concat(Bare(model)).Any(other => other.Handle == parameter.Handle));
        using VisionLanguageModel trained = ModelCheckpoint.Load(temporary.At("trained"), Wide), below = ModelCheckpoint.Load(start, Wide);
        Tensor bare = Logits(below), expected = Logits(trained);
        Assert.True(Far(bare, expected));
        double kept = AdapterExtraction.Extract(temporary.At("trained"), start, 128, temporary.At("adapter"));
        Assert.InRange(kept, 0.9999, 1);
        below.Adapters.Load("extracted", temporary.At("adapter"));
        using (below.UseAdapter("extracted")) Assert.False(Far(Logits(below), expected));
        Assert.False(Far(Logits(below), bare));
        Assert.False(below.Adapters.ChangesTower("extracted"));
        // of a small rank it keeps less, and is small
        Assert.InRange(AdapterExtraction.Extract(temporary.At("trained"), start, 2, temporary.At("small")), 0.01, 0.9);
        Assert.True(LoraAdapter.NumbersOf(temporary.At("small")) < LoraAdapter.NumbersOf(temporary.At("adapter")));
    }

    /// <summary>Training in another type rounds what it leaves alone: that is no change.</summary>
    [Theory]
    [InlineData(ScalarType.Float32, ScalarType.BFloat16)]
    [InlineData(ScalarType.Float16, ScalarType.BFloat16)]
    [InlineData(ScalarType.BFloat16, ScalarType.Float32)]
    public void AModelTrainedInAnotherTypeThanItsBaseIsExtracted(ScalarType stored, ScalarType trained)
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        string start = temporary.At("start"), to = temporary.At("trained");
        Train(Golden.At("models", "llava-1.5-tiny"), start, (_, _) => false, dtype: stored);
        Train(start, to, (model, parameter) => model.VisionTowerParameters.All(other => other.Handle != parameter.Handle), "q_proj", trained);
        Assert.InRange(AdapterExtraction.Extract(to, start, 64, temporary.At("adapter")), 0.999, 1);
    }

    [Theory]
    [InlineData(40, 90, 8, 0.9)]
    [InlineData(90, 40, 8, 0.9)]
    [InlineData(12, 30, 8, 0.99)] // the sketch is the whole space
    [InlineData(30, 12, 20, 0.5)] // more than there is
    public void TheProductIsTheBestOfItsRank(int outputs, int inputs, int rank, double decay)
    {
        using DisposeScope scope = NewDisposeScope();
        random.manual_seed(3);
        int least = Math.Min(outputs, inputs);
        Tensor s = pow(decay, arange(least)).to(ScalarType.Float32), u = linalg.qr(randn(outputs, least)).Q, v = linalg.qr(randn(inputs, least)).Q;
        Tensor change = (u * s).matmul(v.t());
        (Tensor a, Tensor b) = AdapterExtraction.Factors(change, rank, 1);
        Assert.Equal([rank, inputs], a.shape);
        Assert.Equal([outputs, rank], b.shape);
        double best = s.narrow(0, Math.Min(rank, least), Math.Max(0, least - rank)).square().sum().sqrt().ToDouble();
        double left = (change - b.matmul(a)).square().sum().sqrt().ToDouble();
        Assert.InRange(left, 0, (best * 1.001) + 1e-5);
    }

    [Fact]
    public void AScoreHeadAndItsKindGoAlong()
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        string start = Golden.At("models", "llava-1.5-tiny");
        Train(start, temporary.At("trained"), (_, _) => true, of: "language_model");
        using ScoreHead head = ScoreHead.Create(ModelConfig.Load(start).Text.HiddenSize, 1, 4, kind: ModelKind.Cost);
        head.Save(temporary.At("trained"));
        AdapterExtraction.Extract(temporary.At("trained"), start, 64, temporary.At("adapter"));
        Assert.Equal(ModelKind.Cost, ModelKinds.Of(temporary.At("adapter")));
        using ScoreHead again = ScoreHead.Load(temporary.At("adapter"), (int)head.Weight.shape[1]);
        Assert.True(again.Weight.equal(head.Weight).all().item<bool>());
    }

    [Fact]
    public void ModelsThatAreNoPairAreRefused()
    {
        using TemporaryFolder temporary = new();
        string start = Golden.At("models", "llava-1.5-tiny");
        string Refused(string trained) =>
            Assert.Throws<InvalidInputException>(() => AdapterExtraction.Extract(trained, start, 4, temporary.At("adapter"))).Message;
        Assert.Contains("there is nothing to extract", Refused(start));
        Assert.Contains("another kind of model", Refused(Golden.At("models", "qwen2-vl-tiny")));
        // no layer that an adapter could change
        Train(start, temporary.At("tower"), (_, _) => true, of: "class_embedding");
        Assert.Contains("class_embedding' differs", Refused(temporary.At("tower")));
        Assert.False(Directory.Exists(temporary.At("adapter")));
    }

    /// <summary>What an adapter with whole embeddings makes of a model whose output layer was its embedding table.</summary>
    [Theory]
    [InlineData("qwen2.5-vl-tiny", "lm_head")]
    [InlineData("qwen2.5-vl-tiny", "embed_tokens")]
    [InlineData("gemma3-tiny-sharded", "lm_head")]
    [InlineData("llava-1.5-tiny-gqa", "embed_tokens")]
    public void AnUntiedModelIsExtractedFromTheTiedOne(string name, string moved)
    {
        using DisposeScope scope = NewDisposeScope();
        using TemporaryFolder temporary = new();
        string start = Golden.At("models", name), to = temporary.At("trained");
        Train(start, to, (_, _) => true, of: moved, unties: true);
        using VisionLanguageModel trained = ModelCheckpoint.Load(to, Wide), below = ModelCheckpoint.Load(start, Wide);
        Assert.True(Far(Logits(below), Logits(trained)));
        AdapterExtraction.Extract(to, start, 4, temporary.At("adapter"));
        below.Adapters.Load("extracted", temporary.At("adapter"));
        using (below.UseAdapter("extracted")) Assert.False(Far(Logits(below), Logits(trained)));
        Assert.Contains("its output layer is its embedding table",
            Assert.Throws<InvalidInputException>(() => AdapterExtraction.Extract(start, to, 4, temporary.At("back"))).Message, StringComparison.Ordinal);
    }

    // parameters that belong to no layer which an adapter may change, such as LLaVA-NeXT's image_newline
    private static IEnumerable<Parameter> Bare(VisionLanguageModel model)
    {
        HashSet<IntPtr> layers = [.. model.Adapters.Modules.Values.SelectMany(layer => layer.Own).Select(own => own.Value.Handle)];
        return model.parameters().Where(parameter => !layers.Contains(parameter.Handle));
    }

    private static readonly LoadOptions Wide = new() { RequiresGradient = false, Dtype = ScalarType.Float32 };

    // all parameters that are meant move a little, as training would move them
    private static void Train(string start, string to, Func<VisionLanguageModel, Parameter, bool> moves, string of = "", ScalarType? dtype = null,
        bool unties = false)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        using VisionLanguageModel model = ModelCheckpoint.Load(start, new LoadOptions { RequiresGradient = false, Dtype = dtype });
        if (unties) model.Untie();
        random.manual_seed(5);
        foreach ((string name, Parameter parameter) in model.named_parameters())
            if (name.Contains(of, StringComparison.Ordinal) && moves(model, parameter)) parameter.add_(randn_like(parameter) * 0.02);
        ModelCheckpoint.Save(model, to);
    }

    private static Tensor Logits(VisionLanguageModel model)
    {
        using IDisposable noGrad = no_grad();
        Tensor ids = tensor(new long[] { 1, 11, 12, 13, 14 }).view(1, 5);
        return model.Logits(model.Hidden(ids, ones_like(ids, ScalarType.Bool), null));
    }

    private static bool Far(Tensor a, Tensor b) => (a - b).abs().max().item<float>() > 2e-3 * (1 + b.abs().max().item<float>());
}
