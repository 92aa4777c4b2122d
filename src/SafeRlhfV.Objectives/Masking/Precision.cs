using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>Half precisions are not good enough for a loss: a log-probability kept in bf16 is off by up to 0.04, more than a PPO ratio bears.</summary>
internal static class Precision
{
    public static Tensor AtLeastSingle(Tensor x) => x.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? x.to(ScalarType.Float32) : x;
}
