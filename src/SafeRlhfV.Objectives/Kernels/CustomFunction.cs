using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// A function with a backward pass of its own, which may throw. libtorch calls that pass, and an exception that left it would end the process: it is kept,
/// libtorch gets a gradient that it refuses, and <see cref="BackwardPass.Backward"/> throws the exception. autograd.grad cannot: TorchSharp hands on
/// no error of libtorch there, and the process ends.
/// </summary>
/// <typeparam name="T">The function itself.</typeparam>
public abstract class CustomFunction<T> : autograd.SingleTensorFunction<T> where T : CustomFunction<T>, new()
{
    private const string Tensors = "which arguments are tensors";

    /// <inheritdoc/>
    public sealed override string Name => typeof(T).Name;

    /// <summary>The result; what the backward pass needs is saved.</summary>
    /// <param name="context">Where it is saved.</param>
    /// <param name="arguments">What the function was applied to.</param>
    protected abstract Tensor Forward(autograd.AutogradContext context, object[] arguments);

    /// <summary>The gradient of each argument, null where none is wanted.</summary>
    /// <param name="context">What the forward pass saved.</param>
    /// <param name="gradient">The result's gradient.</param>
    protected abstract List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient);

    /// <inheritdoc/>
    public sealed override Tensor forward(autograd.AutogradContext context, params object[] vars)
    {
        context.save_data(Tensors, Array.ConvertAll(vars, argument => argument is Tensor));
        return Forward(context, vars);
    }

    /// <inheritdoc/>
    public sealed override List<Tensor> backward(autograd.AutogradContext context, Tensor gradient)
    {
        try
        {
            return Backward(context, gradient)!;
        }
        catch (Exception error)
        {
            BackwardPass.Failed(error);
            // a complex gradient of a real tensor: libtorch refuses it whatever the tensor's shape
            return [.. ((bool[])context.get_data(Tensors)).Select(isTensor => isTensor ? empty([], ScalarType.ComplexFloat32) : null!)];
        }
    }
}
