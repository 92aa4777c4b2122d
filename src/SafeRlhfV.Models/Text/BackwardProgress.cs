using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// Tells how far a backward pass has come: which blocks' gradients are complete. All forward passes whose gradients are wanted come before the backward pass.
/// </summary>
/// <param name="completed">Called in the backward pass with a block when the gradients of it and of all blocks after it are complete.</param>
public sealed class BackwardProgress(Action<int> completed)
{
    private readonly Dictionary<int, int> open = [];

    /// <summary>Passes the input of a block on, and notices when the backward pass comes by.</summary>
    internal Tensor Mark(Tensor x, int block)
    {
        // below the first input that wants a gradient there is nothing to notice
        if (!is_grad_enabled() || !x.requires_grad) return x;
        open[block] = open.GetValueOrDefault(block) + 1;
        return BlockMarker.Run(x, () => Pass(block));
    }

    private void Pass(int block)
    {
        open[block]--;
        if (open.All(one => one.Key < block || one.Value == 0)) completed(block);
    }

    /// <summary>Changes nothing; its backward pass runs when that of the block behind it is done.</summary>
    private sealed class BlockMarker : CustomFunction<BlockMarker>
    {
        public static Tensor Run(Tensor x, Action passed) => apply(x, passed);

        protected override Tensor Forward(autograd.AutogradContext context, object[] arguments)
        {
            context.save_data("passed", arguments[1]);
            return ((Tensor)arguments[0]).alias();
        }

        protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
        {
            ((Action)context.get_data("passed"))();
            return [gradient.alias(), null];
        }
    }
}
