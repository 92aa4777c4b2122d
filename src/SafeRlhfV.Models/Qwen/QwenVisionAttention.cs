using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Self-attention of a Qwen tower: one projection for queries, keys and values, rotary positions, segments that do not see each other.</summary>
internal sealed class QwenVisionAttention : NamedModule
{
    private readonly LinearLayer joint, output;
    private readonly int heads, width;

    public QwenVisionAttention(ParameterScope scope, QwenVisionConfig config) : base(nameof(QwenVisionAttention))
    {
        (heads, width) = (config.Heads, config.HiddenSize);
        joint = new(scope.At("qkv"), width, 3 * width, true);
        output = new(scope.At("proj"), width, width, true);
        register_module("qkv", joint);
        register_module("proj", output);
    }

    /// <summary>[P, width] → the same; P counts the patches of all images.</summary>
    public Tensor Forward(Tensor x_PH, IReadOnlyList<AttentionRun> runs, RotaryAngles angles)
    {
        Tensor joint_PSND = joint.Forward(x_PH).view(x_PH.shape[0], 3, heads, -1);
        Tensor query = Turn(joint_PSND.select(1, 0), angles), key = Turn(joint_PSND.select(1, 1), angles), value = joint_PSND.select(1, 2);
        Tensor[] mixed = [.. runs.Select(run => Attend(query, key, value, run))];
        return output.Forward(mixed.Length == 1 ? mixed[0] : cat(mixed, 0));
    }

    private Tensor Attend(Tensor query_PND, Tensor key_PND, Tensor value_PND, AttentionRun run)
    {
        Tensor Split(Tensor x_PND) => x_PND.narrow(0, run.Start, (long)run.Segments * run.Length).view(run.Segments, run.Length, heads, -1).transpose(1, 2);
        return nn.functional.scaled_dot_product_attention(Split(query_PND), Split(key_PND), Split(value_PND), null!, 0, false).transpose(1, 2).reshape(-1,
            width);
    }

    // in float32 whatever the model's type, as the reference does
    private static Tensor Turn(Tensor x_PND, RotaryAngles angles) => angles.Turn(x_PND.unsqueeze(0).to(ScalarType.Float32)).squeeze(0).to(x_PND.dtype);
}
