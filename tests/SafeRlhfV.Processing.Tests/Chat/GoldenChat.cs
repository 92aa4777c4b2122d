using System.Text.Json;

namespace SafeRlhfV.Processing.Tests;

/// <summary>Reads conversations as the reference data hold them.</summary>
internal static class GoldenChat
{
    /// <summary>Messages in Hugging Face's form; images are taken from <paramref name="images"/> in order, if given.</summary>
    public static IReadOnlyList<ChatTurn> Turns(JsonElement messages, Queue<RgbImage>? images = null) =>
        [.. messages.EnumerateArray().Select(message =>
            new ChatTurn(Enum.Parse<ChatRole>(message.GetProperty("role").GetString()!, ignoreCase: true), Parts(message.GetProperty("content"), images)))];

    private static IReadOnlyList<ChatPart> Parts(JsonElement content, Queue<RgbImage>? images) => content.ValueKind == JsonValueKind.String
        ? [new TextPart(content.GetString()!)]
        : [.. content.EnumerateArray()
            .Select(part => part.GetProperty("type").GetString() == "image"
                ? new ImagePart(images?.Dequeue())
                : (ChatPart)new TextPart(part.GetProperty("text").GetString()!))];
}
