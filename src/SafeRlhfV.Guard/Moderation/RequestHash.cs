using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace SafeRlhfV.Guard;

/// <summary>Fingerprints of what is judged (SHA-256, lower-case hexadecimal), for caches and audit records.</summary>
public static class RequestHash
{
    /// <summary>
    /// The fingerprint of a whole request: images, question and response; every part is preceded by its kind and length, so that no two requests share one
    /// text.
    /// </summary>
    public static string Of(ModerationRequest request)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (ModerationImage image in request.Images) Add(hash, 'i', Convert.FromHexString(Of(image)));
        Add(hash, 'q', Encoding.UTF8.GetBytes(request.Question));
        if (request.Response is not null) Add(hash, 'r', Encoding.UTF8.GetBytes(request.Response));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The fingerprint of an image: of its encoded bytes, its size and pixels, or its address.</summary>
    public static string Of(ModerationImage image)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        if (image.Pixels is { } pixels) Add(hash, 'p', [.. BitConverter.GetBytes(pixels.Width), .. BitConverter.GetBytes(pixels.Height), .. pixels.Pixels]);
        else if (image.Encoded?.Bytes is { } bytes) Add(hash, 'e', bytes);
        else Add(hash, 'a', Encoding.UTF8.GetBytes(image.Address?.ToString() ?? image.Encoded?.Path ?? ""));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The fingerprint of a text.</summary>
    public static string Of(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static void Add(IncrementalHash hash, char kind, byte[] bytes)
    {
        Span<byte> head = stackalloc byte[9];
        head[0] = (byte)kind;
        BinaryPrimitives.WriteInt64LittleEndian(head[1..], bytes.LongLength);
        hash.AppendData(head);
        hash.AppendData(bytes);
    }
}
