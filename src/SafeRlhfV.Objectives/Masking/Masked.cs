using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// Masking that no value can defeat: invalid places are replaced before any arithmetic, because 0 × NaN is NaN, in the backward pass too.
/// Letters everywhere in this project: B batch, L sequence, T response tokens, V vocabulary, H hidden, N flattened tokens.
/// </summary>
public static class Masked
{
    /// <summary>The values with 0 at invalid places; no gradient flows to those.</summary>
    /// <param name="values_BT">Any floating type; half precisions are lifted to float32.</param>
    /// <param name="mask_BT">bool; true is valid.</param>
    public static Tensor Zeroed(Tensor values_BT, Tensor mask_BT)
    {
        using var scope = NewDisposeScope();
        return Precision.AtLeastSingle(values_BT).masked_fill(mask_BT.logical_not(), Scalars.Zero).MoveToOuterDisposeScope();
    }

    /// <summary>The mean of the valid values, a scalar; 0 with zero gradient if there is none.</summary>
    /// <param name="values_BT">Any floating type; what stands at invalid places does not matter.</param>
    /// <param name="mask_BT">bool; true is valid.</param>
    /// <param name="reduction">Per row first, or over all tokens.</param>
    public static Tensor Mean(Tensor values_BT, Tensor mask_BT, Reduction reduction = Reduction.Row)
    {
        using var scope = NewDisposeScope();
        Tensor zeroed_BT = Zeroed(values_BT, mask_BT);
        if (reduction == Reduction.Token)
            return (zeroed_BT.sum() / mask_BT.sum().clamp(min: Scalars.One)).MoveToOuterDisposeScope();
        Tensor counts_B = mask_BT.sum(1);
        Tensor means_B = zeroed_BT.sum(1) / counts_B.clamp(min: Scalars.One);
        return (means_B.sum() / counts_B.gt(Scalars.Zero).sum().clamp(min: Scalars.One)).MoveToOuterDisposeScope();
    }
}
