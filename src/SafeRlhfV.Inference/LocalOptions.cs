using static TorchSharp.torch;

namespace SafeRlhfV.Inference;

/// <summary>How a checkpoint on this machine is opened and used.</summary>
public sealed record LocalOptions
{
    /// <summary>Device; null = the processor.</summary>
    public Device? Device { get; init; }

    /// <summary>Type of the weights in memory; null = as on the disk.</summary>
    public ScalarType? Dtype { get; init; }

    /// <summary>The most texts in one pass.</summary>
    public int BatchSize { get; init; } = 16;

    /// <summary>The most tokens in one pass, padding among them; a longer text has a pass of its own.</summary>
    public int BatchTokens { get; init; } = 32_768;

    /// <summary>The most tokens that a chat client answers with where the caller names no number; null = as generation_config.json says, or 256.</summary>
    public int? MaxNewTokens { get; init; }

    /// <summary>What audit records call it; null = the folder's name.</summary>
    public string? Name { get; init; }
}
