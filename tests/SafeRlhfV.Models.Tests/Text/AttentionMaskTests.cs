using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>A mask leaves nothing behind but itself: what leads to it is as large, and would stay in memory until the pass ends.</summary>
public sealed class AttentionMaskTests
{
    [Theory]
    [InlineData(null, false)]
    [InlineData(3, false)]
    [InlineData(null, true)]
    [InlineData(3, true)]
    [InlineData(null, false, true)]
    [InlineData(3, true, true)]
    public void OnlyTheBiasIsLeft(int? window, bool branches, bool images = false)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor valid_BK = ones([2, 8], ScalarType.Bool);
        valid_BK[0, 0] = false;
        Tensor? images_BK = images ? tensor([0L, 1, 1, 0, 0, 0, 0, 0]).expand(2, 8) : null;
        long before = scope.DisposablesCount;
        AttentionMask mask = AttentionMask.Build(valid_BK, 8, ScalarType.Float32, window, branches ? new AnswerBranches(2, 3) : null,
            images_BK);
        Assert.Equal([2, 1, 8, 8], mask.Bias!.shape);
        Assert.Equal(before + 1, scope.DisposablesCount);
    }
}
