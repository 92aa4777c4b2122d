using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Runs a block without keeping its inner activations; the backward pass runs it again from its input.</summary>
internal sealed class CheckpointedLayer : CustomFunction<CheckpointedLayer>
{
    /// <summary>The block's output, with the same gradients as without.</summary>
    public static Tensor Run(DecoderLayer layer, Tensor x_BLH, AttentionMask mask, RotaryAngles angles, long from, FilledColumns? filled)
    {
        // without a differentiable input the function would not be recorded, and the block's own parameters would get no gradient
        Tensor input = x_BLH.requires_grad ? x_BLH : x_BLH.detach().requires_grad_(true);
        // the pass's scope ends before the backward pass begins
        AttentionMask keptMask = mask with { Bias = mask.Bias?.alias().DetachFromDisposeScope() };
        RotaryAngles keptAngles = new(angles.Cosine_BL1D.alias().DetachFromDisposeScope(), angles.SignedSine_BL1D.alias().DetachFromDisposeScope());
        return apply(input, new Block(layer, keptMask, keptAngles, from, filled, AdapterFrame.Save()));
    }

    /// <inheritdoc/>
    protected override Tensor Forward(autograd.AutogradContext context, object[] arguments)
    {
        (Tensor x, Block block) = ((Tensor)arguments[0], (Block)arguments[1]);
        context.save_for_backward([x]);
        context.save_data("block", block);
        using IDisposable noGrad = no_grad();
        return block.Layer.Forward(x, block.Mask, block.Angles, null, block.From, block.Filled);
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        using DisposeScope scope = NewDisposeScope();
        Block block = (Block)context.get_data("block");
        using IDisposable grad = enable_grad(), adapters = AdapterFrame.Restore(block.Adapters);
        Tensor x = context.get_saved_variables()[0].detach().requires_grad_(true);
        Tensor output = block.Layer.Forward(x, block.Mask, block.Angles, null, block.From, block.Filled);
        output.Backward(gradient);
        block.Release();
        return [x.grad!.MoveToOuterDisposeScope(), null];
    }

    private sealed record Block(DecoderLayer Layer, AttentionMask Mask, RotaryAngles Angles, long From, FilledColumns? Filled, AdapterFrame.Snapshot Adapters)
    {
        public void Release()
        {
            Mask.Bias?.Dispose();
            Angles.Cosine_BL1D.Dispose();
            Angles.SignedSine_BL1D.Dispose();
        }
    }
}
