namespace SafeRlhfV.Gateway;

/// <summary>A model that callers can name.</summary>
/// <param name="Name">The name that callers use.</param>
/// <param name="Upstreams">Where to ask, in order: the next is asked where one fails.</param>
public sealed record ModelSettings(string Name, IReadOnlyList<string> Upstreams)
{
    /// <summary>Whether system messages are judged; off where they come from programs that are trusted.</summary>
    public bool ChecksSystem { get; init; } = true;

    /// <summary>
    /// How many user turns, counted from the end, are judged with everything behind them; null judges all, 1 only what is new. A caller who may send a forged
    /// history should have it judged whole.
    /// </summary>
    public int? HistoryTurns { get; init; }

    /// <summary>Whether the model is asked while the prompt is judged. Nothing leaves before both are done.</summary>
    public bool Parallel { get; init; }
}
