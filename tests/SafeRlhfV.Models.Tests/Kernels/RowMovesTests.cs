using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>Picking rows and putting them back are those of torch's operations, with their gradients.</summary>
public sealed class RowMovesTests
{
    private const int Rows = 5, Columns = 7;
    private static readonly long[] Some = [0, 3, 4, 11, 12, 13, 30, 34];

    public static TheoryData<int> Sizes => [1, 8, 33, 4000];

    [Theory, MemberData(nameof(Sizes))]
    public void ResultsAndGradientsAreThoseOfTorch(int size)
    {
        foreach (bool wanted in (bool[])[true, false])
        {
            KernelCheck.Same(Pick, PlainPick, [KernelCheck.Draw(1, Rows, Columns, size)], [wanted]);
            KernelCheck.Same(Put, PlainPut, [KernelCheck.Draw(2, 1, Some.Length, size)], [wanted]);
        }
    }

    [Fact]
    public void OtherLayoutsAreMovedToo() => KernelCheck.Same(Pick, PlainPick, [KernelCheck.Draw(1, Columns, Rows, 6).transpose(0, 1)], [true]);

    [Fact]
    public void GradientsOfGradientsAreThoseOfTorch()
    {
        KernelCheck.SameTwice(inputs => Pick(inputs).square(), inputs => PlainPick(inputs).square(), [KernelCheck.Draw(1, Rows, Columns, 6)]);
        KernelCheck.SameTwice(inputs => Put(inputs).square(), inputs => PlainPut(inputs).square(), [KernelCheck.Draw(2, 1, Some.Length, 6)]);
    }

    [Fact]
    public void BitsDoNotDependOnTheNumberOfThreads() => KernelCheck.SameOnAnyNumberOfThreads(Pick, [KernelCheck.Draw(1, Rows, Columns, 9000)]);

    private static Tensor Pick(Tensor[] inputs) => RowMoves.Pick(inputs[0], Some);

    private static Tensor PlainPick(Tensor[] inputs) => inputs[0].flatten(0, 1).index_select(0, tensor(Some)).unsqueeze(0);

    private static Tensor Put(Tensor[] inputs) => RowMoves.Put(inputs[0], Some, Rows, Columns);

    private static Tensor PlainPut(Tensor[] inputs) =>
        zeros([Rows * Columns, inputs[0].shape[^1]]).index_copy(0, tensor(Some), inputs[0].squeeze(0)).view(Rows, Columns, -1);
}
