using System.Text.Json;

namespace SafeRlhfV.Processing.Tests;

/// <summary>Reads conversations as the reference data hold them.</summary>
internal static class GoldenChat
{
    /// <summary>Messages in Hugging Face's form; images are taken from <paramref name="images"/> in order, if given.</summary>
    public static IReadOnlyList<ChatTurn> Turns(JsonElement messages, Queue<RgbImage>? images = null) =>
        [.. messages.EnumerateArray().Select(message =>
            new ChatTurn(Enum.Parse<ChatRole>(message.GetProperty("role").GetString()!, ignoreCase: true), Parts(message.GetProperty("content"), images)))];

    /// <summary>False where a message has a part that is neither text nor image, which the product refuses where it reads messages.</summary>
    public static bool IsTextAndImages(JsonElement messages) => messages.EnumerateArray().Select(message => message.GetProperty("content"))
        .Where(content => content.ValueKind == JsonValueKind.Array).SelectMany(content => content.EnumerateArray())
        .All(part => part.GetProperty("type").GetString() is "text" or "image");

    private static IReadOnlyList<ChatPart> Parts(JsonElement content, Queue<RgbImage>? images) => content.ValueKind == JsonValueKind.String
        ? [new TextPart(content.GetString()!)]
        : [.. content.EnumerateArray()
            .Select(part => part.GetProperty("type").GetString() == "image"
                ? new ImagePart(images?.Dequeue())
                : (ChatPart)new TextPart(part.GetProperty("text").GetString()!))];
}
