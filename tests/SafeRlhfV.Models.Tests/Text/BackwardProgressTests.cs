using SafeRlhfV.Testing;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

public sealed class BackwardProgressTests
{
    /// <summary>When a block is told of, the gradients of it and of all blocks after it are final; blocks are told of from the last to the first.</summary>
    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 1)]
    [InlineData(false, 2)]
    public void GradientsAreFinalWhenABlockIsToldOf(bool checkpointing, int passes)
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", "llava-1.5-tiny"));
        foreach (Parameter parameter in model.parameters()) parameter.requires_grad = true;
        model.Decoder.GradientCheckpointing = checkpointing;
        int blocks = model.Config.Text.Layers;
        List<int> told = [];
        Dictionary<string, Tensor> then = [];
        model.Decoder.Progress = new BackwardProgress(block =>
        {
            told.Add(block);
            foreach ((string name, Parameter parameter) in OfBlock(model, block)) then.Add(name, parameter.grad!.clone().DetachFromDisposeScope());
        });
        Tensor ids = tensor(new long[] { 1, 5, 9, 7, 3, 2 }).view(1, 6), mask = ones(1, 6, ScalarType.Bool);
        Tensor loss = zeros(1);
        // a block that several passes went through is done when the last of them is
        for (int pass = 0; pass < passes; pass++) loss = loss.add(model.Hidden(ids.roll(pass, 1), mask, null).square().sum());
        loss.backward();
        Assert.Equal(Enumerable.Range(0, blocks).Reverse(), told);
        for (int block = 0; block < blocks; block++)
            foreach ((string name, Parameter parameter) in OfBlock(model, block)) Assert.True(then[name].eq(parameter.grad!).all().item<bool>(), name);
        foreach (Tensor copy in then.Values) copy.Dispose();
    }

    /// <summary>The marks change no number.</summary>
    [Fact]
    public void GradientsAreTheSameWithAndWithout()
    {
        float[] Gradient(bool follow)
        {
            using DisposeScope scope = NewDisposeScope();
            using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", "llava-1.5-tiny"));
            foreach (Parameter parameter in model.parameters()) parameter.requires_grad = true;
            if (follow) model.Decoder.Progress = new BackwardProgress(_ => { });
            Tensor ids = tensor(new long[] { 1, 5, 9, 7 }).view(1, 4), mask = ones(1, 4, ScalarType.Bool);
            model.Hidden(ids, mask, null).square().sum().backward();
            return model.Decoder.Embedding.Weight.grad!.data<float>().ToArray();
        }
        Assert.Equal(Gradient(false), Gradient(true));
    }

    private static IEnumerable<(string Name, Parameter Parameter)> OfBlock(VisionLanguageModel model, int block) =>
        model.Decoder.named_parameters().Where(one => one.name.StartsWith($"layers.{block}.", StringComparison.Ordinal))
            .Select(one => (one.name, one.parameter));
}
