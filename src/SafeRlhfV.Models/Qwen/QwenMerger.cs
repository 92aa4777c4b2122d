using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Makes one token of the language model out of a square of patches: norm, join, two layers with an exact GELU between.</summary>
internal sealed class QwenMerger : NamedModule
{
    private readonly QwenVisionNorm norm;
    private readonly LinearLayer first, second;
    private readonly int joined;
    private readonly bool normAfterJoin;

    /// <summary>Takes ln_q and mlp.0, mlp.2; in Qwen3 norm, linear_fc1 and linear_fc2.</summary>
    /// <param name="scope">Where its parameters are.</param>
    /// <param name="config">The tower.</param>
    /// <param name="normAfterJoin">The norm goes over the joined square (Qwen3's deepstack mergers) instead of each patch.</param>
    public QwenMerger(ParameterScope scope, QwenVisionConfig config, bool normAfterJoin = false) : base(nameof(QwenMerger))
    {
        this.normAfterJoin = normAfterJoin;
        joined = config.HiddenSize * config.MergeSize * config.MergeSize;
        bool qwen3 = config.Generation == QwenGeneration.Qwen3;
        string normName = qwen3 ? "norm" : "ln_q";
        norm = new(scope.At(normName), normAfterJoin ? joined : config.HiddenSize, config.Generation);
        first = new(scope.At(qwen3 ? "linear_fc1" : "mlp.0"), joined, joined, true);
        second = new(scope.At(qwen3 ? "linear_fc2" : "mlp.2"), joined, config.OutputSize, true);
        register_module(normName, norm.Module);
        if (!qwen3)
        {
            register_module("mlp", new ModuleGroup(("0", first), ("2", second)));
            return;
        }
        register_module("linear_fc1", first);
        register_module("linear_fc2", second);
    }

    /// <summary>[patches, vision width] → [tokens, H].</summary>
    public Tensor Forward(Tensor x_PH)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor squares = normAfterJoin ? norm.Forward(x_PH.reshape(-1, joined)) : norm.Forward(x_PH).reshape(-1, joined);
        return second.Forward(nn.functional.gelu(first.Forward(squares))).MoveToOuterDisposeScope();
    }
}
