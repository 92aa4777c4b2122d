using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>Attention by our kernels is that of torch's operations, with its gradients.</summary>
public sealed class AttentionTests
{
    // rows, columns, first wanted column, heads, heads of keys, size of a head
    public static TheoryData<int, int, int, int, int, int> Sizes => new()
    {
        { 2, 1, 0, 1, 1, 2 }, { 1, 5, 0, 2, 2, 6 }, { 3, 17, 0, 4, 2, 20 }, { 2, 70, 0, 2, 1, 64 }, { 2, 130, 0, 2, 2, 16 }, { 2, 9, 8, 4, 2, 34 },
        { 2, 80, 7, 3, 3, 32 },
    };

    [Theory, MemberData(nameof(Sizes))]
    public void ResultsAndGradientsAreThoseOfTorch(int rows, int columns, int from, int heads, int keyHeads, int size)
    {
        using DisposeScope scope = NewDisposeScope();
        RotaryAngles angles = Angles(rows, columns, size);
        foreach (bool joint in (bool[])[true, false])
            foreach (string kind in (string[])["nothing", "causal", "one bias", "a bias each"])
            {
                if (kind == "causal" && from > 0) continue; // such masks are biases
                AttentionMask mask = Mask(kind, rows, columns, from);
                AttentionSizes sizes = new(rows, columns, from, heads, keyHeads, size, joint, mask.Causal, 0.3f, mask.Bias?.shape[0] ?? 0);
                Tensor[] inputs = Inputs(sizes);
                foreach (bool[] wanted in (bool[][])(joint ? [[true], [false]] : [[true, true, true], [false, true, false], [true, false, true]]))
                    KernelCheck.Same(parts => Attention.TryRun(parts, heads, keyHeads, 0.3, mask, angles, from)!,
                        parts => Attention.Plain(parts, sizes, mask.Bias, angles), inputs, wanted, 5e-6);
            }
    }

    [Fact]
    public void TorchsOwnAttentionGivesTheSame()
    {
        using DisposeScope scope = NewDisposeScope();
        AttentionSizes sizes = new(2, 40, 0, 2, 2, 16, false, true, 0.25f, 0);
        (Tensor[] inputs, RotaryAngles angles) = (Inputs(sizes), Angles(2, 40, 16));
        Tensor Heads(Tensor x) => x.view(2, 40, 2, 16);
        Tensor expected = nn.functional.scaled_dot_product_attention(angles.Turn(Heads(inputs[0])).transpose(1, 2),
            angles.Turn(Heads(inputs[1])).transpose(1, 2),
            Heads(inputs[2]).transpose(1, 2), null!, 0, true).transpose(1, 2).reshape(2, 40, 32);
        Tensor found = Attention.TryRun(inputs, 2, 2, 0.25, new AttentionMask(null, true), angles, 0)!;
        Assert.InRange((expected - found).abs().max().item<float>(), 0, 2e-6);
    }

    [Fact]
    public void QueriesThatSeeNothingHaveFiniteResultsAndGradients()
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor valid = tensor(new[] { false, false, true, true, true, true }, [2, 3]);
        AttentionMask mask = AttentionMask.Build(valid, 3, ScalarType.Float32);
        AttentionSizes sizes = new(2, 3, 0, 2, 2, 4, true, mask.Causal, 0.5f, mask.Bias!.shape[0]);
        RotaryAngles angles = Angles(2, 3, 4);
        KernelCheck.Same(parts => Attention.TryRun(parts, 2, 2, 0.5, mask, angles, 0)!, parts => Attention.Plain(parts, sizes, mask.Bias, angles),
            Inputs(sizes), [true]);
    }

    [Fact]
    public void OtherTypesAndLayoutsAreLeftToTorch()
    {
        using DisposeScope scope = NewDisposeScope();
        AttentionMask mask = new(null, true);
        RotaryAngles angles = Angles(2, 3, 4);
        Tensor joint = KernelCheck.Draw(1, 2, 3, 24);
        Assert.NotNull(Attention.TryRun([joint], 2, 2, 0.5, mask, angles, 0));
        Assert.Null(Attention.TryRun([joint.to(ScalarType.Float64)], 2, 2, 0.5, mask, angles, 0));
        Assert.Null(Attention.TryRun([KernelCheck.Draw(1, 3, 2, 24).transpose(0, 1)], 2, 2, 0.5, mask, angles, 0));
        Assert.Null(Attention.TryRun([joint], 2, 2, 0.5, mask, Angles(1, 3, 4), 0));
    }

    [Fact]
    public void GradientsOfGradientsAreThoseOfTorch()
    {
        using DisposeScope scope = NewDisposeScope();
        AttentionSizes sizes = new(2, 6, 0, 2, 1, 4, true, true, 0.5f, 0);
        RotaryAngles angles = Angles(2, 6, 4);
        KernelCheck.SameTwice(parts => Attention.TryRun(parts, 2, 1, 0.5, new AttentionMask(null, true), angles, 0)!,
            parts => Attention.Plain(parts, sizes, null, angles), Inputs(sizes));
    }

    [Fact]
    public void ArgumentsMayDependOnEachOther()
    {
        using DisposeScope scope = NewDisposeScope();
        AttentionSizes sizes = new(2, 6, 0, 2, 2, 4, false, true, 0.5f, 0);
        RotaryAngles angles = Angles(2, 6, 4);
        Tensor[] Arguments(Tensor x) => [x, x.square(), x.square().mul(x)];
        KernelCheck.SameTwice(parts => Attention.TryRun(Arguments(parts[0]), 2, 2, 0.5, new AttentionMask(null, true), angles, 0)!,
            parts => Attention.Plain(Arguments(parts[0]), sizes, null, angles), [KernelCheck.Draw(1, 2, 6, 8)]);
    }

    [Fact]
    public void BitsDoNotDependOnTheNumberOfThreads()
    {
        using DisposeScope scope = NewDisposeScope();
        RotaryAngles angles = Angles(3, 70, 16);
        KernelCheck.SameOnAnyNumberOfThreads(parts => Attention.TryRun(parts, 4, 2, 0.25, new AttentionMask(null, true), angles, 0)!,
            Inputs(new AttentionSizes(3, 70, 0, 4, 2, 16, true, true, 0.25f, 0)));
    }

    private static Tensor[] Inputs(AttentionSizes sizes)
    {
        (long queries, long keys) = (sizes.Heads * sizes.HeadSize, sizes.KeyValueHeads * sizes.HeadSize);
        return sizes.IsJoint ? [KernelCheck.Draw(1, sizes.Rows, sizes.Columns, queries + (2 * keys))]
            : [KernelCheck.Draw(1, sizes.Rows, sizes.Wanted, queries), KernelCheck.Draw(2, sizes.Rows, sizes.Columns, keys),
                KernelCheck.Draw(3, sizes.Rows, sizes.Columns, keys)];
    }

    private static RotaryAngles Angles(int rows, int columns, int size)
    {
        using RotaryTable table = new(new RopeConfig(), size);
        Tensor positions = Scalars.Range(columns).unsqueeze(0).expand(rows, columns);
        RotaryAngles angles = table.Select(positions, columns, ScalarType.Float32);
        return new(angles.Cosine_BL1D.clone(), angles.SignedSine_BL1D.clone());
    }

    private static AttentionMask Mask(string kind, int rows, int columns, int from)
    {
        if (kind is "nothing" or "causal") return new(null, kind == "causal");
        Tensor valid = ones([kind == "one bias" ? 1 : rows, columns], ScalarType.Bool);
        if (columns > 2) valid[0, 0] = tensor(false);
        AttentionMask mask = AttentionMask.Build(valid, columns - from, ScalarType.Float32);
        return mask.Bias is null ? new(zeros([1, 1, columns - from, columns]), false) : mask;
    }
}
