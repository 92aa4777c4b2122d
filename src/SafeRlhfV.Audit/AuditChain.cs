using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace SafeRlhfV.Audit;

/// <summary>
/// The arithmetic of the chain: each record's hash covers its text and the hash before, so that no record can be changed, dropped or moved unseen.
/// </summary>
internal sealed class AuditChain(byte[]? key)
{
    /// <summary>The hash before the first record.</summary>
    public static string Genesis { get; } = new('0', 64);

    public bool IsKeyed => key is not null;

    public string Link(string previous, ReadOnlySpan<byte> payload)
    {
        byte[] linked = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetByteCount(previous) + 1 + payload.Length);
        int at = Encoding.UTF8.GetBytes(previous, linked);
        linked[at++] = (byte)'\n';
        payload.CopyTo(linked.AsSpan(at));
        string hash = Digest(linked.AsSpan(0, at + payload.Length));
        ArrayPool<byte>.Shared.Return(linked);
        return hash;
    }

    public string Link(string previous, string payload) => Link(previous, Encoding.UTF8.GetBytes(payload));

    /// <summary>What vouches for a mark in a chain (its head, or where it begins after old records were deleted).</summary>
    public string Seal(string mark, AuditMark at) => Digest(Encoding.UTF8.GetBytes($"mark\n{AuditMarks.Name(mark, at.Chain)}\n{at.Sequence}\n{at.Hash}"));

    /// <summary>The fingerprint of a text or an image.</summary>
    public string Fingerprint(ReadOnlySpan<byte> content) => Digest(content);

    public string Fingerprint(string text)
    {
        byte[] bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        string fingerprint = Digest(bytes.AsSpan(0, Encoding.UTF8.GetBytes(text, bytes)));
        ArrayPool<byte>.Shared.Return(bytes, clearArray: true); // what was asked is not left lying about
        return fingerprint;
    }

    private string Digest(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        if (key is null) SHA256.HashData(bytes, hash);
        else HMACSHA256.HashData(key, bytes, hash);
        return Convert.ToHexStringLower(hash);
    }
}
