namespace SafeRlhfV.Annotation;

/// <summary>An OpenAI-compatible service and how hard it may be asked.</summary>
public sealed record EndpointSettings
{
    /// <summary>The name that models refer to.</summary>
    public required string Name { get; init; }

    /// <summary>The base address, such as http://127.0.0.1:8000/v1.</summary>
    public required Uri Address { get; init; }

    /// <summary>The key; null where none is needed. Never written anywhere.</summary>
    public string? Key { get; init; }

    /// <summary>Calls under way at once.</summary>
    public int Concurrency { get; init; } = 4;

    /// <summary>Calls a minute, evenly paced; null for no limit.</summary>
    public int? RequestsPerMinute { get; init; }

    /// <summary>Tokens a minute, asked and answered together; null for no limit.</summary>
    public int? TokensPerMinute { get; init; }

    /// <summary>The longest that a call may take.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>The longest silence of an answer that comes as a stream.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a call that failed is tried again.</summary>
    public int Retries { get; init; } = 6;

    /// <summary>The wait before the first retry; it doubles with each further one, and a random part of up to one half is taken off.</summary>
    public TimeSpan Backoff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest wait before a retry, unless the service asks for a longer one (Retry-After).</summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Whether answers come as streams, so that silence is noticed early.</summary>
    public bool Stream { get; init; } = true;

    /// <summary>The settings as text, without the key.</summary>
    public override string ToString() => $"{Name} ({Address})";
}
