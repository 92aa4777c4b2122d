using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>Reads an upstream's embeddings: numbers, and nothing else.</summary>
internal static class EmbeddingReader
{
    /// <param name="answer">What the service answered.</param>
    /// <param name="count">How many texts were sent.</param>
    /// <param name="asBase64">Whether the caller asked for Base64; lists of numbers otherwise, whatever the service gives.</param>
    /// <exception cref="UpstreamException">They are no embeddings, or the service says that it has failed.</exception>
    public static ChatResponse Read(JsonNode? answer, int count, bool asBase64)
    {
        if (answer is not JsonObject body) throw UpstreamException.Garbled("it is no object");
        if (body["error"] is not null) throw UpstreamException.FailedWithin();
        if (body["data"] is not JsonArray { Count: > 0 } data) throw UpstreamException.Garbled("it has no data");
        if (data.Count != count) throw UpstreamException.Garbled($"it has {data.Count} embeddings of {count} texts");
        JsonArray read = [];
        HashSet<int> places = [];
        for (int i = 0; i < data.Count; i++)
        {
            JsonObject? one = data[i] as JsonObject;
            int place = one?["index"] is JsonValue at && at.TryGetValue(out int index) ? index : i;
            if (place < 0 || place >= count || !places.Add(place)) throw UpstreamException.Garbled("two embeddings stand for one text");
            read.Add(new JsonObject
            {
                ["object"] = "embedding",
                ["index"] = place,
                ["embedding"] = Numbers(one?["embedding"], asBase64),
            });
        }
        return new(new ChatMessage(ChatRole.Assistant, [new MemberContent(MemberPlace.Body, "data", read, isOwn: true)]))
        {
            FinishReason = ChatFinishReason.Stop,
            Usage = UsageJson.Read(body["usage"]),
        };
    }

    private static JsonNode Numbers(JsonNode? embedding, bool asBase64)
    {
        switch (embedding)
        {
            case JsonArray list when list.All(JsonScalar.IsNumber):
                if (!asBase64) return list.DeepClone();
                float[] numbers = [.. list.Select(number => (float)number!.GetValue<double>())];
                if (AreNumbers(MemoryMarshal.AsBytes<float>(numbers))) return Convert.ToBase64String(MemoryMarshal.AsBytes<float>(numbers));
                break;
            case JsonValue value when JsonText.Of(value) is { } text:
                byte[] bytes = new byte[(text.Length * 3 / 4) + 3];
                if (!Convert.TryFromBase64String(text, bytes, out int count) || !AreNumbers(bytes.AsSpan(0, count))) break;
                if (asBase64) return Convert.ToBase64String(bytes, 0, count);
                JsonArray read = [];
                foreach (float number in MemoryMarshal.Cast<byte, float>(bytes.AsSpan(0, count))) read.Add(number);
                return read;
        }
        throw UpstreamException.Garbled("an embedding holds something other than numbers");
    }

    private static bool AreNumbers(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length % sizeof(float) != 0) return false;
        foreach (float real in MemoryMarshal.Cast<byte, float>(bytes))
            if (!float.IsFinite(real)) return false;
        return true;
    }
}
