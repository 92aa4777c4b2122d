using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>One block of a Qwen tower: x + attention(norm(x)), then x + feed-forward(norm(x)).</summary>
internal sealed class QwenVisionBlock : NamedModule
{
    private readonly QwenVisionAttention attention;
    private readonly QwenVisionFeedForward feedForward;
    private readonly QwenVisionNorm attentionNorm, feedForwardNorm;

    public QwenVisionBlock(ParameterScope scope, QwenVisionConfig config) : base(nameof(QwenVisionBlock))
    {
        attentionNorm = new(scope.At("norm1"), config.HiddenSize, config.Generation);
        attention = new(scope.At("attn"), config);
        feedForwardNorm = new(scope.At("norm2"), config.HiddenSize, config.Generation);
        feedForward = new(scope.At("mlp"), config);
        register_module("norm1", attentionNorm.Module);
        register_module("norm2", feedForwardNorm.Module);
        register_module("attn", attention);
        register_module("mlp", feedForward);
    }

    /// <summary>[P, width] → the same.</summary>
    public Tensor Forward(Tensor x_PH, IReadOnlyList<AttentionRun> runs, RotaryAngles angles)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor middle = x_PH.Plus(attention.Forward(attentionNorm.Forward(x_PH), runs, angles));
        return middle.Plus(feedForward.Forward(feedForwardNorm.Forward(middle))).MoveToOuterDisposeScope();
    }
}
