using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>One block of a CLIP or SigLIP tower: x + attention(norm(x)), then x + feed-forward(norm(x)).</summary>
internal sealed class ClipBlock : NamedModule
{
    private readonly LinearLayer query, key, value, output, first, second;
    private readonly LayerNormLayer attentionNorm, feedForwardNorm;
    private readonly Func<Tensor, Tensor> activation;
    private readonly int heads, width;

    public ClipBlock(ParameterScope scope, int width, int innerWidth, int heads, double epsilon, string activation) : base(nameof(ClipBlock))
    {
        (this.heads, this.width) = (heads, width);
        this.activation = Activations.Find(activation);
        ParameterScope attention = scope.At("self_attn"), feedForward = scope.At("mlp");
        query = new(attention.At("q_proj"), width, width, true);
        key = new(attention.At("k_proj"), width, width, true);
        value = new(attention.At("v_proj"), width, width, true);
        output = new(attention.At("out_proj"), width, width, true);
        first = new(feedForward.At("fc1"), width, innerWidth, true);
        second = new(feedForward.At("fc2"), innerWidth, width, true);
        attentionNorm = new(scope.At("layer_norm1"), width, epsilon);
        feedForwardNorm = new(scope.At("layer_norm2"), width, epsilon);
        register_module("self_attn", new ModuleGroup(("q_proj", query), ("k_proj", key), ("v_proj", value), ("out_proj", output)));
        register_module("layer_norm1", attentionNorm);
        register_module("mlp", new ModuleGroup(("fc1", first), ("fc2", second)));
        register_module("layer_norm2", feedForwardNorm);
    }

    /// <summary>[rows, patches, width] → the same.</summary>
    public Tensor Forward(Tensor x_RPH)
    {
        using DisposeScope scope = NewDisposeScope();
        (long rows, long patches) = (x_RPH.shape[0], x_RPH.shape[1]);
        Tensor normed = attentionNorm.Forward(x_RPH);
        Tensor Split(LinearLayer layer) => layer.Forward(normed).view(rows, patches, heads, -1).transpose(1, 2);
        Tensor mixed = nn.functional.scaled_dot_product_attention(Split(query), Split(key), Split(value), null!, 0, false);
        Tensor middle = x_RPH.Plus(output.Forward(mixed.transpose(1, 2).reshape(rows, patches, width)));
        return middle.Plus(second.Forward(activation(first.Forward(feedForwardNorm.Forward(middle))))).MoveToOuterDisposeScope();
    }
}
