using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// Numbers that are handed to libtorch. TorchSharp does not keep a temporary <see cref="Scalar"/> alive during the native call: a garbage collection on another
/// thread can free it while libtorch reads it, and the call then fails or computes with another number (docs/decisions/0006). TorchSharp makes such temporaries
/// itself wherever a number meets a tensor, and even in the sum of two tensors. So constants come from here and are never freed; other numbers are held by a
/// <c>using</c> until the call has returned, here, in <see cref="TensorArithmetic"/>, or as <c>using Scalar limit = value;</c>. A convention test finds every
/// other way.
/// </summary>
public static class Scalars
{
    /// <summary>The integer 0.</summary>
    public static readonly Scalar Zero = 0;

    /// <summary>The integer 1.</summary>
    public static readonly Scalar One = 1;

    /// <summary>The integer 2.</summary>
    public static readonly Scalar Two = 2;

    /// <summary>The Boolean false.</summary>
    public static readonly Scalar False = false;

    /// <summary>Minus infinity.</summary>
    public static readonly Scalar MinusInfinity = double.NegativeInfinity;

    /// <summary>The numbers 0, 1, ..., <paramref name="count"/> - 1: [count].</summary>
    public static Tensor Range(long count, ScalarType dtype = ScalarType.Int64, Device? device = null)
    {
        using Scalar end = count;
        return arange(Zero, end, One, dtype, device);
    }
}
