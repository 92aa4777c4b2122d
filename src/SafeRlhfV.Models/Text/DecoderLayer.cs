using SafeRlhfV.Objectives;
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

    /// <summary>[B, L, H] → [B, L - from, H].</summary>
    /// <param name="x_BLH">The input.</param>
    /// <param name="mask">What the columns beginning with <paramref name="from"/> may see.</param>
    /// <param name="angles">Of all columns.</param>
    /// <param name="cache">Keys and values of the columns before.</param>
    /// <param name="from">The first column whose output is wanted: those before it give keys and values alone.</param>
    public Tensor Forward(Tensor x_BLH, AttentionMask mask, RotaryAngles angles, KeyValueCache? cache, long from = 0)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor wanted = from == 0 ? x_BLH : x_BLH.narrow(1, from, x_BLH.shape[1] - from);
        Tensor middle = wanted.Plus(attention.Forward(inputNorm.Forward(x_BLH), mask, angles, cache, from));
        return middle.Plus(feedForward.Forward(innerNorm.Forward(middle))).MoveToOuterDisposeScope();
    }
}
