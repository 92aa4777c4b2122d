using System.Buffers;
using System.Globalization;
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

    /// <summary>
    /// What the chain and the Merkle tree cover of a record: all that it is found by, and the digest of what it says. The payload can be erased without it.
    /// </summary>
    public static byte[] Leaf(long sequence, string at, string kind, string request, string chain, string digest) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{sequence}\n{at}\n{kind}\n{request}\n{chain}\n{digest}"));

    /// <summary>The digest of a payload with its salt.</summary>
    public static string PayloadDigest(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> payload)
    {
        byte[] both = ArrayPool<byte>.Shared.Rent(salt.Length + payload.Length);
        salt.CopyTo(both);
        payload.CopyTo(both.AsSpan(salt.Length));
        string digest = Convert.ToHexStringLower(SHA256.HashData(both.AsSpan(0, salt.Length + payload.Length)));
        ArrayPool<byte>.Shared.Return(both);
        return digest;
    }

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
