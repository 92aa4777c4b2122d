using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Element types by their safetensors names.</summary>
internal static class SafetensorsTypes
{
    private static readonly (string Name, ScalarType Type, int Size)[] Known =
    [
        ("F32", ScalarType.Float32, 4), ("BF16", ScalarType.BFloat16, 2), ("F16", ScalarType.Float16, 2), ("F64", ScalarType.Float64, 8),
        ("I64", ScalarType.Int64, 8),
        ("I32", ScalarType.Int32, 4), ("I16", ScalarType.Int16, 2), ("I8", ScalarType.Int8, 1), ("U8", ScalarType.Byte, 1), ("BOOL", ScalarType.Bool, 1),
    ];

    public static ScalarType? Parse(string name) => Known.Where(known => known.Name == name).Select(known => (ScalarType?)known.Type).FirstOrDefault();

    public static int Size(ScalarType type) => Find(type).Size;

    /// <summary>True for the floating-point types, in which weights are kept.</summary>
    public static bool IsWeight(ScalarType type) => type is ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16 or ScalarType.Float64;

    public static string Name(ScalarType type) => Find(type).Name;

    /// <summary>The name as config.json writes it: float32, bfloat16, float16.</summary>
    public static string ConfigName(ScalarType type) => type switch
    {
        ScalarType.Float32 => "float32",
        ScalarType.BFloat16 => "bfloat16",
        ScalarType.Float16 => "float16",
        ScalarType.Float64 => "float64",
        _ => throw new ArgumentException($"{type} is no weight type.", nameof(type)),
    };

    /// <summary>A weight type by its everyday names (float32, fp32, bf16, ...).</summary>
    public static ScalarType ParseWeightType(string name) => name.ToLowerInvariant() switch
    {
        "float32" or "fp32" or "f32" or "float" => ScalarType.Float32,
        "bfloat16" or "bf16" => ScalarType.BFloat16,
        "float16" or "fp16" or "f16" or "half" => ScalarType.Float16,
        _ => throw new InvalidInputException($"Unknown weight type '{name}'; use float32, bfloat16 or float16."),
    };

    private static (string Name, ScalarType Type, int Size) Find(ScalarType type)
    {
        foreach ((string, ScalarType Type, int) known in Known)
            if (known.Type == type) return known;
        throw new ArgumentException($"safetensors has no {type}.", nameof(type));
    }
}
