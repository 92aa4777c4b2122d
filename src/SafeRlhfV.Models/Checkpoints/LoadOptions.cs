using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>How <see cref="ModelCheckpoint.Load"/> places the weights.</summary>
public sealed record LoadOptions
{
    /// <summary>Type of the weights in memory; null = as on the disk (then large models are mapped, not copied).</summary>
    public ScalarType? Dtype { get; init; }

    /// <summary>Device; null = CPU.</summary>
    public Device? Device { get; init; }

    /// <summary>Parameters want gradients at once. False suits inference.</summary>
    public bool RequiresGradient { get; init; } = true;

    /// <summary>Models of at most this many bytes are copied off their files and packed for speed; larger ones are mapped.</summary>
    public long PackBytes { get; init; } = 256L << 20;

    /// <summary>The same with weights of a type by its everyday name (float32, bf16, ...); null leaves it.</summary>
    /// <exception cref="Data.InvalidInputException">There is no weight type of that name.</exception>
    public LoadOptions WithDtype(string? name) => name is null ? this : this with { Dtype = SafetensorsTypes.ParseWeightType(name) };
}
