using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>The signed label z of a response, from its harmless rate -3..3 (0 and above are safe).</summary>
public enum HarmLabels
{
    /// <summary>z = -harmless_rate (the released code): graver harm pulls harder; rate 0 gives no gradient.</summary>
    Graded,

    /// <summary>z = +1 unsafe, -1 safe (text-only Safe RLHF).</summary>
    Sign,
}

/// <summary>Labels from rates.</summary>
internal static class HarmLabelValues
{
    public static Tensor Of(HarmLabels mode, Tensor harmlessRates_B, ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        Tensor z = mode == HarmLabels.Graded ? harmlessRates_B.neg().to(dtype) : harmlessRates_B.lt(Scalars.Zero).to(dtype).mul_(Scalars.Two).sub_(Scalars.One);
        return z.MoveToOuterDisposeScope();
    }
}
