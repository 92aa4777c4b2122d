using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>How <see cref="ModelCheckpoint.Load"/> places the weights.</summary>
public sealed record LoadOptions
{
    /// <summary><see cref="PackBytes"/> where nobody sets it.</summary>
    public const long DefaultPackBytes = 256L << 20;

    /// <summary>Type of the weights in memory; null = as on the disk (then large models are mapped, not copied).</summary>
    public ScalarType? Dtype { get; init; }

    /// <summary>Device; null = CPU.</summary>
    public Device? Device { get; init; }

    /// <summary>Parameters want gradients at once. False suits inference.</summary>
    public bool RequiresGradient { get; init; } = true;

    /// <summary>Models of at most this many bytes are copied off their files and packed for speed; larger ones are mapped.</summary>
    public long PackBytes { get; init; } = DefaultPackBytes;

    /// <summary>The same with weights of a type by its everyday name (float32, bf16, ...); null leaves it.</summary>
    /// <exception cref="InvalidInputException">There is no weight type of that name.</exception>
    public LoadOptions WithDtype(string? name) => name is null ? this : this with { Dtype = SafetensorsTypes.ParseWeightType(name) };

    /// <summary>The same on a device by its name: cpu, cuda or cuda:N; null leaves it.</summary>
    /// <exception cref="InvalidInputException">There is no such device, or not here.</exception>
    public LoadOptions WithDevice(string? name)
    {
        if (name is null) return this;
        if (!DeviceName.TryParse(name, out int? gpu)) throw new InvalidInputException($"device '{name}' is not one of cpu, cuda and cuda:N.");
        if (gpu is not { } number) return this with { Device = null };
        int count = cuda.is_available() ? cuda.device_count() : 0;
        if (count == 0) throw new InvalidInputException($"device '{name}' needs a CUDA build of libtorch and a GPU, and there is none; take cpu.");
        if (number >= count) throw new InvalidInputException($"device '{name}': there are only {count}, counted from cuda:0.");
        return this with { Device = device($"cuda:{number}") };
    }
}
