using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// What the losses of an update are divided by. It is that of the whole batch also where the batch runs in parts, so that the parts' losses add up to that of
/// the whole, with a part whose rows are all masked, too.
/// </summary>
/// <param name="Rows">Rows of the batch, empty ones among them.</param>
/// <param name="FilledRows">Rows with a valid token.</param>
/// <param name="Tokens">Valid tokens.</param>
/// <param name="MaximumLength">The length limit of an answer.</param>
public sealed record BatchSums(int Rows, int FilledRows, long Tokens, int MaximumLength)
{
    /// <summary>Those of a batch.</summary>
    /// <param name="lengths">Valid tokens of each row.</param>
    /// <param name="maximumLength">The length limit of an answer.</param>
    public static BatchSums Of(IReadOnlyList<int> lengths, int maximumLength) =>
        new(lengths.Count, lengths.Count(length => length > 0), lengths.Sum(length => (long)length), maximumLength);

    /// <summary>The share of some rows of the batch in its loss, a scalar.</summary>
    /// <param name="values_BT">A loss of each token, 0 at invalid places.</param>
    /// <param name="mask_BT">bool; true is valid.</param>
    /// <param name="reduction">How.</param>
    public Tensor Reduce(Tensor values_BT, Tensor mask_BT, BatchReduction reduction)
    {
        using var scope = NewDisposeScope();
        Tensor sum = reduction == BatchReduction.Sample
            ? (values_BT.sum(1) / mask_BT.sum(1).clamp(min: Scalars.One)).sum()
            : values_BT.sum();
        return sum.Over(Math.Max(1, reduction switch
        {
            BatchReduction.Sample => FilledRows,
            BatchReduction.BatchTokens => Tokens,
            _ => (long)Rows * MaximumLength,
        })).MoveToOuterDisposeScope();
    }
}
