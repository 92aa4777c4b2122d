using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway;

/// <summary><c>POST /v1/chat/completions</c>.</summary>
internal sealed class ChatWire(ChatRequestReader reader) : IWire
{
    public async Task<IWireAnswer> ReadAsync(JsonObject body, ApiKey key, CancellationToken cancellationToken) =>
        new ChatAnswer(await reader.ReadAsync(body, key, cancellationToken));
}
