using System.Text.Json;

namespace SafeRlhfV.Training;

/// <summary>A server's reply to a call that it carried out (status 200 to 299).</summary>
/// <param name="Body">The whole body; empty for a stream.</param>
/// <param name="Events">The data of a stream's events, in their order, without the mark of its end; null for a whole reply.</param>
internal sealed record ServerReply(byte[] Body, IReadOnlyList<string>? Events = null)
{
    /// <summary>The mark of a stream's end.</summary>
    public const string Done = "[DONE]";

    /// <summary>Reads the body, or each event, as JSON.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public IEnumerable<JsonElement> Parts()
    {
        if (Events is null) yield return Parse(Body);
        else foreach (string data in Events) yield return Parse(System.Text.Encoding.UTF8.GetBytes(data));

        static JsonElement Parse(ReadOnlyMemory<byte> json)
        {
            using JsonDocument document = JsonDocument.Parse(json);
            return document.RootElement.Clone();
        }
    }

    /// <summary>The message of an error, in the forms of vLLM and SGLang; empty where there is none.</summary>
    public static string Said(ReadOnlyMemory<byte> body)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(body);
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) return "";
            if (root.TryGetProperty("error", out JsonElement error))
                return error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out JsonElement said) ? Text(said) : Text(error);
            foreach (string name in (string[])["detail", "message", "error_message"])
                if (root.TryGetProperty(name, out JsonElement detail)) return Text(detail);
            return "";
        }
        catch (JsonException)
        {
            return "";
        }

        static string Text(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText();
    }
}
