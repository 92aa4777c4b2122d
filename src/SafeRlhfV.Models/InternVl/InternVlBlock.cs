using SafeRlhfV.Objectives;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>One block of an InternViT tower: x + λ₁ attention(norm(x)), then x + λ₂ feed-forward(norm(x)), with a learnt scale λ of each channel.</summary>
internal sealed class InternVlBlock : NamedModule
{
    // transformers gives the norms of queries and keys no other
    private const double QueryKeyEpsilon = 1e-6;

    private readonly LinearLayer query, key, value, output, first, second;
    private readonly RmsNormLayer? queryNorm, keyNorm;
    private readonly Func<Tensor, Tensor> attentionNorm, feedForwardNorm, activation;
    private readonly Parameter attentionScale, feedForwardScale;
    private readonly int heads, width;

    public InternVlBlock(ParameterScope scope, VisionTowerConfig config, InternVlTowerParts parts) : base(nameof(InternVlBlock))
    {
        (heads, width) = (config.Heads, config.HiddenSize);
        activation = Activations.Find(config.Activation);
        ParameterScope attention = scope.At("attention"), feedForward = scope.At("mlp");
        query = new(attention.At("q_proj"), width, width, parts.HasQueryKeyValueBias);
        key = new(attention.At("k_proj"), width, width, parts.HasQueryKeyValueBias);
        value = new(attention.At("v_proj"), width, width, parts.HasQueryKeyValueBias);
        output = new(attention.At("projection_layer"), width, width, true);
        first = new(feedForward.At("fc1"), width, config.IntermediateSize, true);
        second = new(feedForward.At("fc2"), config.IntermediateSize, width, true);
        attentionScale = scope.Take("lambda_1", ParameterKind.LayerScale, width);
        feedForwardScale = scope.Take("lambda_2", ParameterKind.LayerScale, width);
        ModuleGroup attentionGroup = new(("q_proj", query), ("k_proj", key), ("v_proj", value), ("projection_layer", output));
        if (parts.NormsQueriesAndKeys)
        {
            (queryNorm, keyNorm) = (new(attention.At("q_norm"), width, QueryKeyEpsilon), new(attention.At("k_norm"), width, QueryKeyEpsilon));
            attentionGroup.register_module("q_norm", queryNorm);
            attentionGroup.register_module("k_norm", keyNorm);
        }
        register_module("attention", attentionGroup);
        register_module("mlp", new ModuleGroup(("fc1", first), ("fc2", second)));
        attentionNorm = Norm("layernorm_before");
        feedForwardNorm = Norm("layernorm_after");
        register_parameter("lambda_1", attentionScale);
        register_parameter("lambda_2", feedForwardScale);

        Func<Tensor, Tensor> Norm(string name)
        {
            if (parts.UsesRmsNorm)
            {
                RmsNormLayer norm = new(scope.At(name), width, config.LayerNormEpsilon);
                register_module(name, norm);
                return norm.Forward;
            }
            LayerNormLayer plain = new(scope.At(name), width, config.LayerNormEpsilon);
            register_module(name, plain);
            return plain.Forward;
        }
    }

    /// <summary>[rows, features, width] → the same.</summary>
    public Tensor Forward(Tensor x_RPH)
    {
        using DisposeScope scope = NewDisposeScope();
        (long rows, long features) = (x_RPH.shape[0], x_RPH.shape[1]);
        Tensor normed = attentionNorm(x_RPH), q = query.Forward(normed), k = key.Forward(normed);
        if (queryNorm is not null && keyNorm is not null) (q, k) = (queryNorm.Forward(q), keyNorm.Forward(k));
        Tensor Split(Tensor x) => x.view(rows, features, heads, -1).transpose(1, 2);
        Tensor mixed = nn.functional.scaled_dot_product_attention(Split(q), Split(k), Split(value.Forward(normed)), null!, 0, false);
        Tensor attended = output.Forward(mixed.transpose(1, 2).reshape(rows, features, width));
        Tensor middle = x_RPH.Plus(attended.mul(attentionScale));
        return middle.Plus(second.Forward(activation(first.Forward(feedForwardNorm(middle)))).mul(feedForwardScale)).MoveToOuterDisposeScope();
    }
}
