namespace SafeRlhfV.Gateway;

/// <summary>Where figures are sent.</summary>
public sealed record OtlpSettings
{
    /// <summary>The collector's whole address for metrics, such as http://127.0.0.1:4318/v1/metrics.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>The collector's whole address for traces, such as http://127.0.0.1:4318/v1/traces; null sends none.</summary>
    public Uri? Traces { get; init; }

    /// <summary>How often.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The longest that sending may take; what cannot be sent is tried again at the next interval, and requests never wait for it.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(10);
}
