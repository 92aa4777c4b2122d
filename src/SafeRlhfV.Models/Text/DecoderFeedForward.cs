using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Gated feed-forward part: down(act(gate(x)) × up(x)).</summary>
public sealed class DecoderFeedForward : NamedModule
{
    private readonly LinearLayer gate, up, down;
    private readonly PackedProjection? packed;
    private readonly Func<Tensor, Tensor> activation;
    private readonly int width;
    private readonly bool isSwiGlu;

    /// <summary>Takes gate_proj, up_proj and down_proj.</summary>
    public DecoderFeedForward(ParameterScope scope, TextConfig config) : base(nameof(DecoderFeedForward))
    {
        width = config.IntermediateSize;
        activation = Activations.Find(config.Activation);
        isSwiGlu = Activations.IsSilu(config.Activation);
        gate = new(scope.At("gate_proj"), config.HiddenSize, width, config.FeedForwardBias);
        up = new(scope.At("up_proj"), config.HiddenSize, width, config.FeedForwardBias);
        down = new(scope.At("down_proj"), width, config.HiddenSize, config.FeedForwardBias);
        packed = PackedProjection.TryPack(scope.Source, gate, up);
        register_module("gate_proj", gate);
        register_module("up_proj", up);
        register_module("down_proj", down);
    }

    /// <summary>[..., H] → [..., H].</summary>
    public Tensor Forward(Tensor x)
    {
        if (packed?.TryForward(x) is { } both)
            return down.Forward(isSwiGlu ? SwiGlu.Run(both) : activation(both.narrow(-1, 0, width)).mul(both.narrow(-1, width, width)));
        (Tensor gated, Tensor raised) = (gate.Forward(x), up.Forward(x));
        return down.Forward(isSwiGlu ? SwiGlu.Run(gated, raised) : activation(gated).mul(raised));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) packed?.Dispose();
        base.Dispose(disposing);
    }
}
