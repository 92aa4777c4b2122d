using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// One block: x + attention(norm(x)), then x + feed-forward(norm(x)). Some decoders (Gemma 3) also norm what attention and
/// feed-forward part give before it is added.
/// </summary>
public sealed class DecoderLayer : NamedModule
{
    private readonly DecoderAttention attention;
    private readonly DecoderFeedForward feedForward;
    private readonly RmsNormLayer inputNorm, innerNorm;
    private readonly RmsNormLayer? attentionOutputNorm, feedForwardOutputNorm;

    /// <summary>Takes self_attn, mlp, input_layernorm, post_attention_layernorm and, where outputs are normed, pre_ and post_feedforward_layernorm.</summary>
    public DecoderLayer(ParameterScope scope, TextConfig config, int layer) : base(nameof(DecoderLayer))
    {
        attention = new(scope.At("self_attn"), config, layer);
        feedForward = new(scope.At("mlp"), config);
        RmsNormLayer Norm(string name) => new(scope.At(name), config.HiddenSize, config.RmsNormEpsilon, config.NormsAroundOne);
        inputNorm = Norm("input_layernorm");
        RmsNormLayer afterAttention = Norm("post_attention_layernorm");
        innerNorm = config.NormsOutputs ? Norm("pre_feedforward_layernorm") : afterAttention;
        register_module("self_attn", attention);
        register_module("mlp", feedForward);
        register_module("input_layernorm", inputNorm);
        register_module("post_attention_layernorm", afterAttention);
        if (!config.NormsOutputs) return;
        (attentionOutputNorm, feedForwardOutputNorm) = (afterAttention, Norm("post_feedforward_layernorm"));
        register_module("pre_feedforward_layernorm", innerNorm);
        register_module("post_feedforward_layernorm", feedForwardOutputNorm);
    }

    /// <summary>[B, L, H] → [B, L - from, H].</summary>
    /// <param name="x_BLH">The input.</param>
    /// <param name="mask">What the columns beginning with <paramref name="from"/> may see.</param>
    /// <param name="angles">Of all columns.</param>
    /// <param name="cache">Keys and values of the columns before.</param>
    /// <param name="from">The first column whose output is wanted: those before it give keys and values alone.</param>
    /// <param name="filled">Input and output are the tokens of these columns alone, [1, N, H]; null = all columns.</param>
    internal Tensor Forward(Tensor x_BLH, AttentionMask mask, RotaryAngles angles, KeyValueCache? cache, long from = 0,
        FilledColumns? filled = null)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor wanted = FilledColumns.Cut(filled, x_BLH, from);
        Tensor attended = attention.Forward(inputNorm.Forward(x_BLH), mask, angles, cache, from, filled);
        Tensor middle = wanted.Plus(attentionOutputNorm?.Forward(attended) ?? attended);
        Tensor added = feedForward.Forward(innerNorm.Forward(middle));
        return middle.Plus(feedForwardOutputNorm?.Forward(added) ?? added).MoveToOuterDisposeScope();
    }
}
