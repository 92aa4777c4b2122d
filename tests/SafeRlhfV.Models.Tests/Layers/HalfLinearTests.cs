using SafeRlhfV.Objectives;
using SafeRlhfV.Testing;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>
/// Where the processor has no products of bfloat16 they are computed in float32, with the results and gradients of libtorch's own within its rounding.
/// </summary>
public sealed class HalfLinearTests
{
    // a step of bfloat16, and a little for sums that are rounded in another order
    private const double Step = 1.0 / 128;

    public static TheoryData<int, int, int, bool, bool, bool> Shapes => new()
    {
        { 9, 24, 40, true, true, true },
        { 9, 24, 40, true, false, true },
        { 9, 24, 40, false, true, false },
        { 2, 24, 40, true, false, false }, // few rows: libtorch's own in inference
        { 12, 2100, 4100, true, true, true }, // the matrix is widened in three parts
    };

    [Theory, MemberData(nameof(Shapes))]
    public void ProductsAndGradientsAreThoseOfFloat32RoundedOnce(int rows, int inputs, int outputs, bool ofInput, bool ofWeight, bool bias)
    {
        using DisposeScope scope = NewDisposeScope();
        using Generator generator = new(5);
        Tensor Draw(params long[] shape) => randn(shape, ScalarType.Float32, generator: generator).to(ScalarType.BFloat16);
        (Tensor x, Tensor weight, Tensor b, Tensor upstream) = (Draw(rows, inputs), Draw(outputs, inputs), Draw(outputs), Draw(rows, outputs));
        (Tensor wideX, Tensor wideWeight) = (x.to(ScalarType.Float32), weight.to(ScalarType.Float32));
        x.requires_grad_(ofInput);
        weight.requires_grad_(ofWeight);
        using IDisposable assume = HalfProducts.Assume(slow: true);
        // as [2, rows / ..., inputs] in models: leading dimensions stay
        Tensor y = HalfLinear.Run(x.unsqueeze(0), weight, bias ? b : null);
        Assert.Equal([1, rows, outputs], y.shape);
        Assert.Equal(ScalarType.BFloat16, y.dtype);
        Near(nn.functional.linear(wideX, wideWeight, bias ? b.to(ScalarType.Float32) : null), y.squeeze(0));
        y.backward([upstream.unsqueeze(0)]);
        Tensor wideUpstream = upstream.to(ScalarType.Float32);
        if (ofInput) Near(wideUpstream.mm(wideWeight), x.grad!);
        else Assert.Null(x.grad);
        if (ofWeight) Near(wideUpstream.t().mm(wideX), weight.grad!);
        else Assert.Null(weight.grad);
        using (no_grad()) Near(nn.functional.linear(wideX, wideWeight, bias ? b.to(ScalarType.Float32) : null), HalfLinear.Run(x, weight, bias ? b : null));
    }

    [Fact]
    public void OtherTypesAreNotTouched()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable assume = HalfProducts.Assume(slow: true);
        foreach (ScalarType type in (ScalarType[])[ScalarType.Float32, ScalarType.Float64])
        {
            Tensor x = randn([9, 5], type), weight = randn([4, 5], type), bias = randn([4], type);
            Assert.True(nn.functional.linear(x, weight, bias).eq(HalfLinear.Run(x, weight, bias)).all().item<bool>());
        }
    }

    [Fact]
    public void ModelsHaveTheSameStatesAndAdapterGradients()
    {
        bool[] same = [SameBits("llava-1.5-tiny", false), SameBits("llava-1.5-tiny", true), SameBits("qwen2.5-vl-tiny", true)];
        // short sums may round alike; all of them do not
        Assert.Contains(false, same);
    }

    // holds one model's two ways together, and tells whether not even a bit differs
    private static bool SameBits(string name, bool checkpointing)
    {
        using DisposeScope scope = NewDisposeScope();
        LoadOptions options = new LoadOptions { RequiresGradient = false }.WithDtype("bfloat16");
        using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", name), options);
        string[] targets = ["q_proj", "v_proj", "o_proj", "up_proj", "down_proj"];
        LoraAdapter adapter = model.Adapters.Create("a", new LoraConfig { Rank = 4, TargetModules = targets }, 3);
        foreach ((_, TorchSharp.Modules.Parameter parameter) in adapter.NamedParameters) parameter.requires_grad = true;
        model.Decoder.GradientCheckpointing = checkpointing;
        Tensor ids = tensor(Enumerable.Range(0, 24).Select(i => (long)(5 + (i * 7 % 90))).ToArray(), [2, 12]), mask = ones_like(ids).to(ScalarType.Bool);

        (Tensor States, Tensor[] Gradients) Pass(bool slow)
        {
            using IDisposable assume = HalfProducts.Assume(slow);
            using IDisposable use = model.UseAdapter("a");
            Tensor states = model.Hidden(ids, mask, model.Positions(ids, mask, []).Positions, null);
            states.to(ScalarType.Float32).Squared().mean().backward();
            // A new adapter's B is zero, so only B has a gradient; and no image reaches the tower.
            Tensor[] gradients = [.. adapter.NamedParameters.Where(one => one.Key.Contains("lora_B", StringComparison.Ordinal))
                .Select(one => one.Parameter.grad?.clone()).OfType<Tensor>()];
            Assert.NotEmpty(gradients);
            foreach ((_, TorchSharp.Modules.Parameter parameter) in adapter.NamedParameters) parameter.grad = null;
            return (states.detach(), gradients);
        }

        (Tensor ours, Tensor[] ourGradients) = Pass(slow: true);
        (Tensor theirs, Tensor[] theirGradients) = Pass(slow: false);
        Assert.InRange(Distance(ours, theirs), 0, 2 * Step);
        Assert.All(ourGradients.Zip(theirGradients), pair => Assert.InRange(Distance(pair.First, pair.Second), 0, 8 * Step));
        return ourGradients.Zip(theirGradients).All(pair => pair.First.eq(pair.Second).all().item<bool>());
    }

    private static void Near(Tensor wide, Tensor half)
    {
        double largest = wide.abs().max().item<float>();
        Assert.InRange((wide - half.to(ScalarType.Float32)).abs().max().item<float>(), 0, Step * largest);
    }

    // |a - b| / |b|
    private static double Distance(Tensor a, Tensor b)
    {
        (Tensor wideA, Tensor wideB) = (a.to(ScalarType.Float64), b.to(ScalarType.Float64));
        return ((wideA - wideB).norm() / wideB.norm()).item<double>();
    }
}
