using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>An image to moderate: encoded bytes, decoded pixels, or an address that only a remote moderator can follow. Exactly one of them is given.</summary>
public sealed record ModerationImage
{
    /// <summary>Wraps encoded bytes (PNG, JPEG, ...).</summary>
    public ModerationImage(EncodedImage encoded) => Encoded = encoded;

    /// <summary>Wraps decoded pixels.</summary>
    public ModerationImage(RgbImage pixels) => Pixels = pixels;

    /// <summary>Wraps an address; a moderator that cannot see what is behind it must fail, and so block.</summary>
    public ModerationImage(Uri address) => Address = address;

    /// <summary>The encoded image, or null.</summary>
    public EncodedImage? Encoded { get; }

    /// <summary>The decoded image, or null.</summary>
    public RgbImage? Pixels { get; }

    /// <summary>Where the image lies, or null.</summary>
    public Uri? Address { get; }

    /// <summary>The media type of the encoded bytes where the caller named one, such as image/png.</summary>
    public string? MediaType { get; init; }

    /// <summary>The image as a part of a chat message: its bytes, as PNG where only pixels are given, or its address.</summary>
    /// <exception cref="InvalidOperationException">It holds neither.</exception>
    public AIContent ToContent() => ImageBytes.TryGet(this, out byte[]? bytes, out string mediaType)
        ? new DataContent(bytes, mediaType)
        : new UriContent(Address ?? throw new InvalidOperationException("An image holds neither bytes nor an address."), MediaType ?? "image/*");

    /// <summary>Wraps encoded bytes.</summary>
    public static implicit operator ModerationImage(EncodedImage encoded) => new(encoded);

    /// <summary>Wraps decoded pixels.</summary>
    public static implicit operator ModerationImage(RgbImage pixels) => new(pixels);
}
