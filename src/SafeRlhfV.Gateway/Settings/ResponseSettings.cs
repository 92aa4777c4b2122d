namespace SafeRlhfV.Gateway;

/// <summary>What <c>/v1/responses</c> keeps.</summary>
public sealed record ResponseSettings
{
    /// <summary>
    /// The most bytes of responses and conversations kept in memory, or by all replicas in their database; 0 keeps none, so that no request may go on from an
    /// earlier response.
    /// </summary>
    public int StoreBytes { get; init; } = 256 * 1024 * 1024;

    /// <summary>How long a response is kept after it was last asked for.</summary>
    public TimeSpan StoreTime { get; init; } = TimeSpan.FromHours(24);
}
