using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>The critics' loss.</summary>
public static class ValueLosses
{
    /// <summary>½ mean max((V - ret)², (clip(V, V_old ± c) - ret)²).</summary>
    /// <param name="values_BT">V; the gradient flows here.</param>
    /// <param name="oldValues_BT">V when the batch was sampled; constant.</param>
    /// <param name="returns_BT">As <see cref="Advantages.Gae"/> gives them; constant.</param>
    /// <param name="mask_BT">bool; true is valid.</param>
    /// <param name="clipValue">c.</param>
    /// <param name="reduction">Row means first, or all tokens alike.</param>
    /// <returns>A scalar.</returns>
    public static Tensor ClippedCritic(
        Tensor values_BT, Tensor oldValues_BT, Tensor returns_BT, Tensor mask_BT, double clipValue = 5, Reduction reduction = Reduction.Row)
    {
        using var scope = NewDisposeScope();
        Tensor value_BT = Masked.Zeroed(values_BT, mask_BT);
        Tensor old_BT = Masked.Zeroed(oldValues_BT.detach(), mask_BT), return_BT = Masked.Zeroed(returns_BT.detach(), mask_BT);
        Tensor clipped_BT = value_BT.clamp(old_BT.Minus(clipValue), old_BT.Plus(clipValue));
        Tensor worse_BT = maximum((value_BT - return_BT).Squared(), (clipped_BT - return_BT).Squared());
        return Masked.Mean(worse_BT, mask_BT, reduction).Times(0.5).MoveToOuterDisposeScope();
    }
}
