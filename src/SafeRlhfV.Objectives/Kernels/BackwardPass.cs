using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>Backward passes whose exceptions reach the caller.</summary>
public static class BackwardPass
{
    // of the whole process: libtorch runs the passes of GPUs on threads of its own
    private static Exception? failure;

    /// <summary>Adds the gradients of a tensor to the leaves that it was computed from.</summary>
    /// <param name="result">A scalar, or a tensor of any shape with a gradient.</param>
    /// <param name="gradient">The gradient of <paramref name="result"/>; null = 1.</param>
    /// <exception cref="ExternalException">libtorch reports an error. An exception of a <see cref="CustomFunction{T}"/> is thrown as it is.</exception>
    public static void Backward(this Tensor result, Tensor? gradient = null)
    {
        try
        {
            result.backward(gradient is null ? null : [gradient]);
        }
        catch (ExternalException)
        {
            if (Interlocked.Exchange(ref failure, null) is { } cause) ExceptionDispatchInfo.Throw(cause);
            throw;
        }
    }

    /// <summary>Keeps an exception until libtorch has ended the pass.</summary>
    internal static void Failed(Exception error) => Interlocked.Exchange(ref failure, error);
}
