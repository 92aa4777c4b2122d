using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// TorchSharp's operators between a tensor and a number, and the sum of two tensors, with every number kept alive during the native call
/// (<see cref="Scalars"/>). The results have the bits and the types that the operators give. A method whose name ends with an underscore works in place, as in
/// torch.
/// </summary>
public static class TensorArithmetic
{
    /// <summary>left + right.</summary>
    public static Tensor Plus(this Tensor left, Tensor right) => left.add(right, Scalars.One);

    /// <summary>left + right.</summary>
    public static Tensor Plus(this Tensor left, double right)
    {
        using Scalar number = right;
        return left.add(number, Scalars.One);
    }

    /// <summary>left + right; a tensor of integers stays one.</summary>
    public static Tensor Plus(this Tensor left, long right)
    {
        using Scalar number = right;
        return left.add(number, Scalars.One);
    }

    /// <summary>left - right.</summary>
    public static Tensor Minus(this Tensor left, double right)
    {
        using Scalar number = right;
        return left.sub(number);
    }

    /// <summary>left - right; a tensor of integers stays one.</summary>
    public static Tensor Minus(this Tensor left, long right)
    {
        using Scalar number = right;
        return left.sub(number);
    }

    /// <summary>left · right.</summary>
    public static Tensor Times(this Tensor left, double right)
    {
        using Scalar number = right;
        return left.mul(number);
    }

    /// <summary>left · right; a tensor of integers stays one.</summary>
    public static Tensor Times(this Tensor left, long right)
    {
        using Scalar number = right;
        return left.mul(number);
    }

    /// <summary>left / right.</summary>
    public static Tensor Over(this Tensor left, double right)
    {
        using Scalar number = right;
        return left.div(number);
    }

    /// <summary>left² for each element.</summary>
    public static Tensor Squared(this Tensor left) => left.pow(Scalars.Two);

    /// <summary>Each element brought into [low, high].</summary>
    public static Tensor Within(this Tensor left, double low, double high)
    {
        using Scalar least = low, greatest = high;
        return left.clamp(least, greatest);
    }

    /// <summary>left + right, in place.</summary>
    public static Tensor Plus_(this Tensor left, Tensor right) => left.add_(right, Scalars.One);

    /// <summary>left + right, in place.</summary>
    public static Tensor Plus_(this Tensor left, double right)
    {
        using Scalar number = right;
        return left.add_(number, Scalars.One);
    }

    /// <summary>left · right, in place.</summary>
    public static Tensor Times_(this Tensor left, double right)
    {
        using Scalar number = right;
        return left.mul_(number);
    }

    /// <summary>left == right for each element.</summary>
    public static Tensor EqualTo(this Tensor left, long right)
    {
        using Scalar number = right;
        return left.eq(number);
    }

    /// <summary>left > right for each element.</summary>
    public static Tensor GreaterThan(this Tensor left, double right)
    {
        using Scalar number = right;
        return left.gt(number);
    }

    /// <summary>left &lt; right, element by element.</summary>
    public static Tensor LessThan(this Tensor left, double right)
    {
        using Scalar number = right;
        return left.lt(number);
    }

    /// <summary>left ≤ right for each element.</summary>
    public static Tensor AtMost(this Tensor left, double right)
    {
        using Scalar number = right;
        return left.le(number);
    }
}
