namespace SafeRlhfV.Gateway;

/// <summary>A place where models run: an OpenAI-compatible service, or a checkpoint on this machine.</summary>
public sealed record UpstreamSettings
{
    /// <summary>Its name in the settings.</summary>
    public required string Name { get; init; }

    /// <summary>The service's base address with its version, such as http://127.0.0.1:8000/v1; null for a checkpoint. Its query, such as
    /// Azure's api-version, is sent with every call.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>The folder of a local checkpoint; null for a service.</summary>
    public string? Checkpoint { get; init; }

    /// <summary>The service's key; null sends none.</summary>
    public string? Key { get; init; }

    /// <summary>The header that carries the key as it is, such as Azure's <c>api-key</c>; null sends it as a bearer's.</summary>
    public string? KeyHeader { get; init; }

    /// <summary>The model's name there; null keeps the caller's.</summary>
    public string? Model { get; init; }

    /// <summary>The longest wait for an answer, or for a stream's beginning.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>The longest silence within a stream.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a failed call is tried again here.</summary>
    public int Retries { get; init; } = 2;

    /// <summary>
    /// Whether fields of its answers that no client of OpenAI's interface knows are dropped; else they are judged, and leave at the answer's end.
    /// </summary>
    public bool DropsUnknownFields { get; init; }

    /// <summary>
    /// What becomes of control tokens in a caller's text. A checkpoint on this machine reads them as text in any case.
    /// </summary>
    public ControlTokenUse ControlTokens { get; init; } = ControlTokenUse.Neutralise;

    /// <summary>For how long an upstream that keeps failing is left alone.</summary>
    public TimeSpan Break { get; init; } = TimeSpan.FromSeconds(10);
}
