using System.Text.Json;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>Reads the conversations of reference cases, in Hugging Face's form.</summary>
internal static class ParityTurns
{
    /// <summary>The turns with their images; an answer at the end is left out.</summary>
    /// <exception cref="InvalidInputException">A part is neither text nor image, or the images do not fit.</exception>
    public static IReadOnlyList<ChatTurn> Read(JsonElement messages, IReadOnlyList<RgbImage> images)
    {
        int used = 0;
        ChatTurn[] turns = [.. messages.EnumerateArray().Select(message =>
            new ChatTurn(Enum.Parse<ChatRole>(message.GetProperty("role").GetString()!, ignoreCase: true), Parts(message.GetProperty("content"))))];
        if (used != images.Count) throw new InvalidInputException($"A case gives {images.Count} images for {used} places.");
        return turns[^1].Role == ChatRole.Assistant ? turns[..^1] : turns;

        IReadOnlyList<ChatPart> Parts(JsonElement content) => content.ValueKind == JsonValueKind.String
            ? [new TextPart(content.GetString()!)] : [.. content.EnumerateArray().Select(Part)];

        ChatPart Part(JsonElement part) => part.GetProperty("type").GetString() switch
        {
            "text" => new TextPart(part.GetProperty("text").GetString()!),
            "image" when used < images.Count => new ImagePart(images[used++]),
            var type => throw new InvalidInputException($"A case has a message with a part of type '{type}' that cannot be filled."),
        };
    }
}
