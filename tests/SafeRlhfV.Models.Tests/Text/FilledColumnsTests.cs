using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>Texts side by side, with padding at both ends, have the states and the gradients of the same texts one by one.</summary>
public sealed class FilledColumnsTests
{
    private const int Columns = 12, From = 4;

    // where each text begins and how long it is
    private static readonly (int First, int Length)[] Texts = [(3, 5), (0, 12), (4, 1), (1, 11)];

    [Theory]
    [InlineData("llava-1.5-tiny", false)]
    [InlineData("llava-1.5-tiny", true)]
    [InlineData("llava-1.5-tiny-gqa", false)]
    [InlineData("gemma3-tiny", false)] // norms of heads, windows
    public void StatesAndGradientsAreThoseOfTextsOneByOne(string name, bool checkpointing)
    {
        using DisposeScope scope = NewDisposeScope();
        using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", name), new LoadOptions { Dtype = ScalarType.Float32 });
        model.Decoder.GradientCheckpointing = checkpointing;
        Tensor ids = tensor(Enumerable.Range(0, Texts.Length * Columns).Select(at => 5L + (at * 7 % 50)).ToArray()).view(Texts.Length, Columns);
        Tensor mask = zeros_like(ids, ScalarType.Bool);
        foreach ((int row, (int first, int length)) in Texts.Index()) mask[row].narrow(0, first, length).fill_(true);
        Assert.NotNull(FilledColumns.TryFind(zeros(Texts.Length, Columns, 4), mask));

        Tensor together = model.Hidden(ids, mask, null, From);
        Tensor[] alone = [.. Texts.Select((text, row) =>
        {
            Tensor own = ids[row].narrow(0, text.First, text.Length).unsqueeze(0);
            return model.Hidden(own, ones_like(own, ScalarType.Bool), null, Math.Max(0, From - text.First)).squeeze(0);
        })];
        Tensor Of(int row) => together[row].narrow(0, Math.Max(0, Texts[row].First - From), alone[row].shape[0]);
        foreach (int row in Enumerable.Range(0, Texts.Length))
            Assert.True((Of(row) - alone[row]).abs().max().item<float>() < 2e-5, $"row {row}");

        Dictionary<string, Tensor> expected = Gradients(() => alone.Select(states => states.pow(3).sum()).Aggregate((sum, one) => sum + one));
        Tensor padding = mask.narrow(1, From, Columns - From).logical_not().unsqueeze(-1);
        Dictionary<string, Tensor> found = Gradients(() => together.masked_fill(padding, 0).pow(3).sum());
        Assert.Equal(expected.Keys, found.Keys);
        foreach ((string parameter, Tensor gradient) in expected)
            Assert.True((gradient - found[parameter]).abs().max().item<float>() <= 1e-4 * (1 + gradient.abs().max().item<float>()), parameter);

        Dictionary<string, Tensor> Gradients(Func<Tensor> loss)
        {
            model.zero_grad();
            loss().backward();
            return model.named_parameters().Where(pair => pair.parameter.grad is not null)
                .ToDictionary(pair => pair.name, pair => pair.parameter.grad!.clone());
        }
    }

    [Fact]
    public void LittlePaddingAndOtherTypesAreLeftAlone()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor mask = ones(4, 16, ScalarType.Bool);
        Assert.Null(FilledColumns.TryFind(zeros(4, 16, 2), mask));
        mask[0].narrow(0, 0, 3).fill_(false);
        Assert.Null(FilledColumns.TryFind(zeros(4, 16, 2), mask));
        mask[0, 3] = false;
        Assert.NotNull(FilledColumns.TryFind(zeros(4, 16, 2), mask));
        Assert.Null(FilledColumns.TryFind(zeros(4, 16, 2, ScalarType.Float64), mask));
    }
}
