using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>How <see cref="ModelCheckpoint.Save"/> writes.</summary>
public sealed record SaveOptions
{
    /// <summary>Type of the weights on the disk; null = as in memory.</summary>
    public ScalarType? Dtype { get; init; }

    /// <summary>Name of the key layout; null = as the model came, or the family's first for a new model.</summary>
    public string? Layout { get; init; }

    /// <summary>A file larger than this is split into shards with an index.</summary>
    public long MaxShardBytes { get; init; } = 5L << 30;

    /// <summary>Folder whose tokenizer, processor and generation files are copied; null = the one the model came from.</summary>
    public string? FilesFrom { get; init; }

    /// <summary>Folder whose tokenizer, image processor and chat template take the place of the checkpoint's own; null = its own are copied.</summary>
    public string? ProcessorFrom { get; init; }

    /// <summary>An existing folder is replaced; otherwise it is an error.</summary>
    public bool Overwrite { get; init; }

    /// <summary>The same with a type by its everyday name (float32, bf16, ...); null changes nothing.</summary>
    /// <exception cref="InvalidInputException">No weight type has that name.</exception>
    public SaveOptions WithDtype(string? name) => name is null ? this : this with { Dtype = SafetensorsTypes.ParseWeightType(name) };
}
