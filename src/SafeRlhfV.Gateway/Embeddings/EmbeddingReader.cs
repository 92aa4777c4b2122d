using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>Reads an upstream's embeddings: numbers, and nothing else.</summary>
internal static class EmbeddingReader
{
    /// <exception cref="UpstreamException">They are no embeddings, or the service says that it has failed.</exception>
    public static ChatResponse Read(JsonNode? answer)
    {
        if (answer is not JsonObject body) throw UpstreamException.Garbled("it is no object");
        if (body["error"] is not null) throw UpstreamException.FailedWithin();
        if (body["data"] is not JsonArray { Count: > 0 } data) throw UpstreamException.Garbled("it has no data");
        JsonArray read = [];
        for (int i = 0; i < data.Count; i++)
            read.Add(new JsonObject
            {
                ["object"] = "embedding",
                ["index"] = data[i]?["index"] is JsonValue at && at.TryGetValue(out int index) ? index : i,
                ["embedding"] = Numbers((data[i] as JsonObject)?["embedding"]),
            });
        return new(new ChatMessage(ChatRole.Assistant, [new MemberContent(MemberPlace.Body, "data", read, isOwn: true)]))
        {
            FinishReason = ChatFinishReason.Stop,
            Usage = UsageJson.Read(body["usage"]),
        };
    }

    private static JsonNode Numbers(JsonNode? embedding)
    {
        switch (embedding)
        {
            case JsonArray list when list.All(one => one is JsonValue number && number.TryGetValue(out double real) && double.IsFinite(real)):
                return list.DeepClone();
            case JsonValue value when value.TryGetValue(out string? text):
                byte[] bytes = new byte[(text.Length * 3 / 4) + 3];
                if (!Convert.TryFromBase64String(text, bytes, out int count) || count % sizeof(float) != 0) break;
                foreach (float real in MemoryMarshal.Cast<byte, float>(bytes.AsSpan(0, count)))
                    if (!float.IsFinite(real)) throw UpstreamException.Garbled("an embedding holds something other than numbers");
                return Convert.ToBase64String(bytes, 0, count);
        }
        throw UpstreamException.Garbled("an embedding holds something other than numbers");
    }
}
