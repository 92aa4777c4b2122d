using System.Diagnostics.CodeAnalysis;

namespace SafeRlhfV.Guard;

/// <summary>Gets at an image's encoded bytes and media type, whatever form it is given in.</summary>
public static class ImageBytes
{
    /// <summary>The encoded bytes and their media type; pixels are encoded as PNG.</summary>
    /// <returns>False where the image is only an address.</returns>
    public static bool TryGet(ModerationImage image, [NotNullWhen(true)] out byte[]? bytes, out string mediaType)
    {
        bytes = image.Pixels is { } pixels ? PngBytes.Encode(pixels) : image.Encoded?.Bytes;
        mediaType = image.Pixels is not null ? "image/png" : image.MediaType ?? Sniff(bytes ?? []);
        return bytes is not null;
    }

    /// <summary>A data URI, or the image's address.</summary>
    /// <exception cref="InvalidOperationException">There is neither.</exception>
    public static string ToUri(ModerationImage image)
    {
        if (TryGet(image, out byte[]? bytes, out string mediaType)) return $"data:{mediaType};base64,{Convert.ToBase64String(bytes)}";
        return image.Address?.ToString() ?? throw new InvalidOperationException($"The image {image.Encoded?.Path} holds no bytes.");
    }

    private static string Sniff(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0x89, (byte)'P', (byte)'N', (byte)'G', ..] => "image/png",
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [(byte)'G', (byte)'I', (byte)'F', (byte)'8', ..] => "image/gif",
        [(byte)'R', (byte)'I', (byte)'F', (byte)'F', _, _, _, _, (byte)'W', (byte)'E', (byte)'B', (byte)'P', ..] => "image/webp",
        _ => "application/octet-stream",
    };
}
