namespace SafeRlhfV.Gateway;

/// <summary>A model that callers can name.</summary>
/// <param name="Name">The name that callers use.</param>
/// <param name="Upstreams">Where to ask, in order: the next is asked where one fails.</param>
public sealed record ModelSettings(string Name, IReadOnlyList<string> Upstreams);
