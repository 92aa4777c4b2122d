namespace SafeRlhfV.Gateway;

/// <summary>An API key, known only by its SHA-256.</summary>
public sealed record KeySettings
{
    /// <summary>What audit records and policies call its owner.</summary>
    public required string Name { get; init; }

    /// <summary>The SHA-256 of the key, 64 hexadecimal digits.</summary>
    public required string Hash { get; init; }

    /// <summary>A role for the policy; <c>operator</c> may also see metrics.</summary>
    public string Role { get; init; } = "user";

    /// <summary>Requests a minute; null for no limit.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Tokens a minute, prompt and answer together as the upstream counts them; null for no limit.</summary>
    public int? TokensPerMinute { get; init; }

    /// <summary>The models it may name; empty for all.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>The first moment at which it no longer works; null for never.</summary>
    public DateTimeOffset? Expires { get; init; }
}
