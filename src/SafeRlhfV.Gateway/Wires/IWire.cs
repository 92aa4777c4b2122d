using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway;

/// <summary>
/// One of the interfaces that the gateway speaks: reads requests into the one form that is guarded (<see cref="ChatCall"/>), and writes the guarded answer.
/// Moderation, audit, keys, limits and upstreams are the same for all.
/// </summary>
internal interface IWire
{
    /// <summary>Reads a request.</summary>
    /// <exception cref="ApiException">It is not sound, or says what cannot be judged or passed on.</exception>
    Task<IWireAnswer> ReadAsync(JsonObject body, ApiKey key, CancellationToken cancellationToken);
}
