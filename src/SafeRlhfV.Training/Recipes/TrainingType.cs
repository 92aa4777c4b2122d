using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>The type that weights are trained in. Float16 is none of them: without scaling of the loss its small gradients become zero.</summary>
internal static class TrainingType
{
    /// <summary>The recipe's type, or as it is stored; float16 becomes bfloat16, or float32 where the device has no bfloat16.</summary>
    public static ScalarType Of(WeightType? wanted, ScalarType stored, string device) => Of(wanted, stored, DeviceMemory.HasBfloat16(device));

    /// <summary>The same for a device that is not at hand.</summary>
    public static ScalarType Of(WeightType? wanted, ScalarType stored, bool hasBfloat16) => (wanted, stored) switch
    {
        (WeightType.Float32, _) => ScalarType.Float32,
        (WeightType.Bfloat16, _) => ScalarType.BFloat16,
        (_, ScalarType.Float16) => hasBfloat16 ? ScalarType.BFloat16 : ScalarType.Float32,
        _ => stored,
    };

    /// <summary>A sentence for the person who trains where the type is neither the recipe's nor the stored one; else null.</summary>
    public static string? Remark(string folder, WeightType? wanted, ScalarType stored, string device) =>
        Of(wanted, stored, device) is var type && wanted is null && type != stored
        ? $"{folder} is stored as float16, which cannot be trained in; it is loaded as {type.ToString().ToLowerInvariant()}."
        : null;
}
