using SafeRlhfV.Models;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>What a plan is made from, beside the recipe.</summary>
/// <param name="Shape">The model; of PPO's six all have the same shape.</param>
/// <param name="StoredBytes">Bytes of a stored weight, where the recipe leaves the type to the checkpoint.</param>
/// <param name="Data">What is known of the data; null = the recipe's limits.</param>
/// <param name="Ranks">Processes that train together; the plan is that of one of them.</param>
public sealed record PlanInputs(ModelShape Shape, int StoredBytes, PlanData? Data = null, int Ranks = 1)
{
    /// <summary>What is known of the rows that are learnt from; null = the recipe's limits.</summary>
    public PlanSizes? Sizes => Data?.Sizes;

    /// <summary>The type of the weights on the disk; null where they are not there.</summary>
    public ScalarType? Stored { get; init; }

    /// <summary>Whether weights stay in their files until a pass reads them: on the CPU, large ones in the type that they are computed in.</summary>
    /// <param name="wanted">The recipe's type; null = as stored.</param>
    /// <param name="device">The recipe's device.</param>
    public bool AreMapped(WeightType? wanted, string device)
    {
        bool half = IsHalf(wanted);
        return device == "cpu" && Stored == (half ? ScalarType.BFloat16 : ScalarType.Float32)
            && Shape.Parameters * (half ? 2 : 4) > LoadOptions.DefaultPackBytes;
    }

    /// <summary>Whether weights take two bytes.</summary>
    /// <param name="wanted">The recipe's type; null = as stored.</param>
    public bool IsHalf(WeightType? wanted) => wanted is { } type ? type == WeightType.Bfloat16 : StoredBytes == 2;
}
