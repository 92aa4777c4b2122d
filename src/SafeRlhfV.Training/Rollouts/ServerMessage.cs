using System.Text.Json;
using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>A message of a chat, as servers with OpenAI's protocol take it.</summary>
/// <param name="Role">system, user or assistant.</param>
/// <param name="Parts">Texts, and images as data addresses.</param>
internal sealed record ServerMessage(string Role, IReadOnlyList<ServerMessage.Part> Parts)
{
    /// <summary>A text, or an image.</summary>
    /// <param name="Text">The text; null for an image.</param>
    /// <param name="ImageUrl">The image's address; null for a text.</param>
    internal sealed record Part(string? Text, string? ImageUrl);

    /// <summary>The messages of a row's prompt.</summary>
    public static IReadOnlyList<ServerMessage> Of(ConversationRecord row) => [.. row.Prompt.Select(message => new ServerMessage(
        message.Role switch { ConversationRole.System => "system", ConversationRole.User => "user", _ => "assistant" },
        [.. message.Parts.Select(part => part.Text is { } text ? new Part(text, null) : new Part(null, Address(row.Images[part.Image!.Value].Bytes!)))]))];

    /// <summary>
    /// The pixels that our own model sees, as PNG: a server would read some files otherwise (JPEG by another decoder, transparency, orientation).
    /// </summary>
    /// <param name="image">The file's bytes, of any format.</param>
    public static string Address(ReadOnlyMemory<byte> image) => $"data:image/png;base64,{Convert.ToBase64String(PngBytes.Encode(ImageDecoder.Decode(image)))}";

    /// <summary>The images of some messages, in their order.</summary>
    public static IReadOnlyList<string> Images(IEnumerable<ServerMessage> messages) => [.. messages.SelectMany(message => message.Parts)
        .Select(part => part.ImageUrl).OfType<string>()];

    /// <summary>Writes messages as a field.</summary>
    public static void Write(Utf8JsonWriter json, IReadOnlyList<ServerMessage> messages)
    {
        json.WriteStartArray("messages");
        foreach (ServerMessage message in messages)
        {
            json.WriteStartObject();
            json.WriteString("role", message.Role);
            if (message.Parts is [{ Text: { } only }]) json.WriteString("content", only);
            else WriteParts(json, message.Parts);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteParts(Utf8JsonWriter json, IReadOnlyList<Part> parts)
    {
        json.WriteStartArray("content");
        foreach (Part part in parts)
        {
            json.WriteStartObject();
            json.WriteString("type", part.Text is null ? "image_url" : "text");
            if (part.Text is { } text) json.WriteString("text", text);
            else
            {
                json.WriteStartObject("image_url");
                json.WriteString("url", part.ImageUrl);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
