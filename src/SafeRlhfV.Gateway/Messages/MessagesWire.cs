using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway;

/// <summary><c>POST /v1/messages</c>, Anthropic's interface, and <c>/v1/messages/count_tokens</c>.</summary>
/// <param name="reader">Reads the chat request that a request becomes.</param>
/// <param name="countsTokens">Whether the prompt's tokens are counted instead of an answer being given.</param>
internal sealed class MessagesWire(ChatRequestReader reader, bool countsTokens = false) : IWire
{
    public async Task<IWireAnswer> ReadAsync(JsonObject body, ApiKey key, CancellationToken cancellationToken)
    {
        JsonObject chat = MessagesReader.ToChat(body, !countsTokens);
        if (!countsTokens) return new MessagesAnswer(await reader.ReadAsync(chat, key, cancellationToken));
        chat["max_tokens"] = ChatBody.Number(1); // the model alone knows its tokens, and tells them with an answer
        chat.Remove("stream");
        if (JsonText.Of(chat["tool_choice"]) != "none") chat.Remove("tool_choice"); // a call that must be made cannot be made of one token
        return new TokenCountAnswer(await reader.ReadAsync(chat, key, cancellationToken));
    }
}
