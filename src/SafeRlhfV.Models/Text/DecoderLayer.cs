using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>One block: x + attention(norm(x)), then x + feed-forward(norm(x)).</summary>
public sealed class DecoderLayer : NamedModule
{
    private readonly DecoderAttention attention;
    private readonly DecoderFeedForward feedForward;
    private readonly RmsNormLayer inputNorm, innerNorm;

    /// <summary>Takes self_attn, mlp, input_layernorm and post_attention_layernorm.</summary>
    public DecoderLayer(ParameterScope scope, TextConfig config, int layer) : base(nameof(DecoderLayer))
    {
        attention = new(scope.At("self_attn"), config, layer);
        feedForward = new(scope.At("mlp"), config);
        inputNorm = new(scope.At("input_layernorm"), config.HiddenSize, config.RmsNormEpsilon);
        innerNorm = new(scope.At("post_attention_layernorm"), config.HiddenSize, config.RmsNormEpsilon);
        register_module("self_attn", attention);
        register_module("mlp", feedForward);
        register_module("input_layernorm", inputNorm);
        register_module("post_attention_layernorm", innerNorm);
    }

    /// <summary>[B, L, H] → [B, L, H].</summary>
    public Tensor Forward(Tensor x_BLH, AttentionMask mask, RotaryAngles angles, KeyValueCache? cache)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor middle = x_BLH + attention.Forward(inputNorm.Forward(x_BLH), mask, angles, cache);
        return (middle + feedForward.Forward(innerNorm.Forward(middle))).MoveToOuterDisposeScope();
    }
}
