using Microsoft.Extensions.AI;
using SafeRlhfV.Data;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Inference;

/// <summary>Pixels of images, whatever form they are given in.</summary>
internal static class Images
{
    /// <summary>Decodes an image that is to be moderated.</summary>
    /// <exception cref="InvalidInputException">It cannot be decoded, or only its address is given.</exception>
    public static RgbImage Of(ModerationImage image) => image.Pixels
        ?? (image.Encoded?.Bytes is { } bytes ? ImageDecoder.Decode(bytes)
            : throw new InvalidInputException($"A local model cannot see the image {image.Address?.ToString() ?? image.Encoded?.Path}: give its bytes."));

    /// <summary>Decodes an image of a chat message; null where the content is no image.</summary>
    /// <exception cref="InvalidInputException">It cannot be decoded, or only its address is given.</exception>
    public static RgbImage? Of(AIContent content) => content switch
    {
        DataContent data when data.HasTopLevelMediaType("image") => ImageDecoder.Decode(data.Data),
        UriContent uri when uri.HasTopLevelMediaType("image") =>
            throw new InvalidInputException("A local model follows no image addresses; give the image's bytes."),
        _ => null,
    };
}
