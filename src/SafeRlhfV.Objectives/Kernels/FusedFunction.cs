using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// A function of tensors whose gradient is computed by kernels of our own. Gradients are freed as soon as the backward pass has taken them over: TorchSharp
/// keeps what a custom function got and gave until the scope of the whole step ends.
/// </summary>
/// <typeparam name="T">The function itself.</typeparam>
public abstract class FusedFunction<T> : CustomFunction<T> where T : FusedFunction<T>, new()
{
    /// <summary>Whether a pass with gradients to one of these tensors is under way.</summary>
    public static bool IsWanted(params ReadOnlySpan<Tensor> inputs)
    {
        if (!is_grad_enabled()) return false;
        foreach (Tensor input in inputs)
            if (input.requires_grad) return true;
        return false;
    }

    /// <summary>Runs the function so that the backward pass finds it.</summary>
    protected static Tensor Record(params object[] arguments)
    {
        // TorchSharp makes another tensor of the result's size, which need not outlive this
        using DisposeScope scope = NewDisposeScope();
        return apply(arguments).MoveToOuterDisposeScope();
    }

    /// <summary>The gradient of each argument, null where none is wanted.</summary>
    /// <param name="context">What the forward pass saved.</param>
    /// <param name="gradient">The result's gradient, contiguous.</param>
    protected abstract List<Tensor?> Gradients(autograd.AutogradContext context, Tensor gradient);

    /// <summary>The same function by torch's operations, for gradients of gradients.</summary>
    /// <param name="context">What the forward pass saved.</param>
    /// <param name="saved">The saved tensors, as views: a gradient to one does not go on into another that it was computed from.</param>
    /// <returns>The result, and each argument's tensor, null where it is none or wants no gradient.</returns>
    protected abstract (Tensor Result, List<Tensor?> Arguments) Plain(autograd.AutogradContext context, List<Tensor> saved);

    /// <inheritdoc/>
    protected sealed override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        GivenGradients.Free();
        if (is_grad_enabled()) return PlainGradients(context, gradient);
        List<Tensor?> gradients;
        using (NewDisposeScope())
        {
            gradients = Gradients(context, gradient.contiguous());
            foreach (Tensor? one in gradients) one?.MoveToOuterDisposeScope();
        }
        gradient.Dispose();
        GivenGradients.Keep(gradients);
        return gradients;
    }

    private List<Tensor?> PlainGradients(autograd.AutogradContext context, Tensor gradient)
    {
        (Tensor result, List<Tensor?> arguments) = Plain(context, [.. context.get_saved_variables().Select(tensor => tensor.view(tensor.shape))]);
        Tensor[] wanted = [.. arguments.OfType<Tensor>()];
        Queue<Tensor> found = new(autograd.grad([result], wanted, [gradient], retain_graph: true, create_graph: true));
        return [.. arguments.Select(argument => argument is null ? null : found.Dequeue())];
    }
}
