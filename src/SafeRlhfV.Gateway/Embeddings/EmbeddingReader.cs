using System.Buffers;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Reads an upstream's embeddings: numbers, and nothing else. Lists of them go on as the bytes that came; only whether they are numbers is read.
/// </summary>
internal static class EmbeddingReader
{
    private const string NotNumbers = "an embedding holds something other than numbers";
    private const int SurelyFinite = 300; // digits without an exponent

    /// <param name="answer">What the service answered, as JSON.</param>
    /// <param name="count">How many texts were sent.</param>
    /// <param name="asBase64">Whether the caller asked for Base64; lists of numbers otherwise, whatever the service gives.</param>
    /// <exception cref="UpstreamException">They are no embeddings, or the service says that it has failed.</exception>
    /// <exception cref="JsonException">It is no JSON.</exception>
    /// <exception cref="InvalidOperationException">A text that is read cannot be.</exception>
    public static ChatResponse Read(ReadOnlyMemory<byte> answer, int count, bool asBase64)
    {
        Utf8JsonReader reader = new(answer.Span, new JsonReaderOptions { MaxDepth = StrictJson.MostLevels });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject) throw UpstreamException.Garbled("it is no object");
        List<(int, ReadOnlyMemory<byte>)> all = [];
        string? fault = "it has no data";
        UsageDetails? usage = null;
        bool hasFailed = false, hasData = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (IsNext(ref reader, "error"u8)) hasFailed |= reader.TokenType != JsonTokenType.Null;
            else if (IsNext(ref reader, "usage"u8))
            {
                usage = UsageJson.Read(StrictJson.Parse(ValueOf(ref reader, answer).Span));
                continue;
            }
            else if (IsNext(ref reader, "data"u8))
            {
                Utf8JsonReader before = reader;
                fault = hasData ? "it has data twice" : FaultIn(ref reader, answer, count, asBase64, all);
                hasData = true;
                if (fault is null) continue;
                reader = before; // what follows may say that the service has failed
            }
            reader.Skip();
        }
        reader.Read(); // throws where something follows
        if (hasFailed) throw UpstreamException.FailedWithin();
        if (fault is not null) throw UpstreamException.Garbled(fault);
        return new(new ChatMessage(ChatRole.Assistant, [new EmbeddingsContent(all)])) { FinishReason = ChatFinishReason.Stop, Usage = usage };
    }

    private static bool IsNext(ref Utf8JsonReader reader, ReadOnlySpan<byte> name) => reader.ValueTextEquals(name) && reader.Read();

    private static ReadOnlyMemory<byte> ValueOf(ref Utf8JsonReader reader, ReadOnlyMemory<byte> answer)
    {
        int start = (int)reader.TokenStartIndex;
        reader.Skip();
        return answer[start..(int)reader.BytesConsumed];
    }

    private static string? FaultIn(ref Utf8JsonReader reader, ReadOnlyMemory<byte> answer, int count, bool asBase64, List<(int, ReadOnlyMemory<byte>)> all)
    {
        if (reader.TokenType != JsonTokenType.StartArray) return "it has no data";
        HashSet<int> places = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            int place = all.Count;
            ReadOnlyMemory<byte>? numbers = null;
            if (reader.TokenType != JsonTokenType.StartObject) return NotNumbers;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                if (IsNext(ref reader, "index"u8))
                {
                    if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out int index)) place = index;
                    else reader.Skip();
                }
                else if (!IsNext(ref reader, "embedding"u8)) reader.Skip();
                else if (numbers is not null || (numbers = Numbers(ref reader, answer, asBase64)) is null) return NotNumbers;
            }
            if (numbers is null) return NotNumbers;
            if (place < 0 || place >= count || !places.Add(place)) return "the embeddings are not one for each text";
            all.Add((place, numbers.Value));
        }
        return all.Count == count ? null : $"it has {all.Count} embeddings of {count} texts";
    }

    private static ReadOnlyMemory<byte>? Numbers(ref Utf8JsonReader reader, ReadOnlyMemory<byte> answer, bool asBase64)
    {
        int start = (int)reader.TokenStartIndex;
        switch (reader.TokenType)
        {
            case JsonTokenType.StartArray:
                List<float> read = [];
                while (reader.Read() && reader.TokenType == JsonTokenType.Number)
                {
                    if (asBase64) read.Add((float)reader.GetDouble());
                    else if (!IsFinite(ref reader)) return null;
                }
                if (reader.TokenType != JsonTokenType.EndArray) return null;
                if (!asBase64) return answer[start..(int)reader.BytesConsumed];
                return Base64Of(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(read)));
            case JsonTokenType.String:
                byte[] text = new byte[reader.ValueSpan.Length];
                Span<byte> bytes = text.AsSpan(0, reader.CopyString(text));
                if (Base64.DecodeFromUtf8InPlace(bytes, out int count) != OperationStatus.Done) return null;
                bytes = bytes[..count];
                if (asBase64) return Base64Of(bytes);
                if (!AreNumbers(bytes)) return null;
                return JsonReply.Render(MemoryMarshal.Cast<byte, float>(bytes).ToArray(), static (writer, numbers) =>
                {
                    writer.WriteStartArray();
                    foreach (float number in numbers) writer.WriteNumberValue(number);
                    writer.WriteEndArray();
                });
            default: return null;
        }
    }

    // A text is a number's as long as no exponent can lead beyond what numbers can be.
    private static bool IsFinite(ref Utf8JsonReader reader)
    {
        ReadOnlySpan<byte> number = reader.ValueSpan;
        if (number.Length >= SurelyFinite) return double.IsFinite(reader.GetDouble());
        int exponent = number.IndexOfAny((byte)'e', (byte)'E');
        return exponent < 0 || number[exponent + 1] == '-' || double.IsFinite(reader.GetDouble());
    }

    private static ReadOnlyMemory<byte>? Base64Of(ReadOnlySpan<byte> bytes)
    {
        if (!AreNumbers(bytes)) return null;
        byte[] json = new byte[Base64.GetMaxEncodedToUtf8Length(bytes.Length) + 2];
        json[0] = json[^1] = (byte)'"';
        Base64.EncodeToUtf8(bytes, json.AsSpan(1), out _, out _);
        return json;
    }

    private static bool AreNumbers(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length % sizeof(float) != 0) return false;
        foreach (float real in MemoryMarshal.Cast<byte, float>(bytes))
            if (!float.IsFinite(real)) return false;
        return true;
    }
}
