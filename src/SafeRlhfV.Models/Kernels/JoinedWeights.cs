using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Matrices that lie side by side in one block of memory, as one matrix: nothing is copied, and the gradient of the whole is handed out to each by its rows.
/// </summary>
internal sealed class JoinedWeights : FusedFunction<JoinedWeights>
{
    /// <summary>The block, [sum of outputs, inputs], as a function of its parts.</summary>
    public static Tensor Run(Tensor block, IReadOnlyList<Tensor> parts) =>
        IsWanted([.. parts]) ? Record([block, .. parts]) : block;

    /// <inheritdoc/>
    protected override Tensor Forward(autograd.AutogradContext context, object[] arguments)
    {
        context.save_for_backward([.. arguments.Skip(1).Cast<Tensor>()]);
        return ((Tensor)arguments[0]).alias();
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Gradients(autograd.AutogradContext context, Tensor gradient)
    {
        List<Tensor?> gradients = [null];
        long at = 0;
        foreach (Tensor part in context.get_saved_variables())
        {
            gradients.Add(part.requires_grad ? gradient.narrow(0, at, part.shape[0]) : null);
            at += part.shape[0];
        }
        return gradients;
    }

    /// <inheritdoc/>
    protected override (Tensor Result, List<Tensor?> Arguments) Plain(autograd.AutogradContext context, List<Tensor> saved) =>
        (cat(saved, 0), [null, .. saved.Select(part => part.requires_grad ? part : null)]);
}
