using System.Security.Cryptography;
using System.Text;

namespace SafeRlhfV.Guard;

/// <summary>The arithmetic of the chain: each record's hash covers its text and the hash before, so that no record can be changed, dropped or moved unseen.</summary>
internal sealed class AuditChain(byte[]? key)
{
    /// <summary>The hash before the first record.</summary>
    public static string Genesis { get; } = new('0', 64);

    public bool IsKeyed => key is not null;

    public string Link(string previous, string payload) => Digest(Encoding.UTF8.GetBytes($"{previous}\n{payload}"));

    /// <summary>What vouches for a mark in the chain (its head, or where it begins after old records were deleted).</summary>
    public string Seal(string name, long sequence, string hash) => Digest(Encoding.UTF8.GetBytes($"mark\n{name}\n{sequence}\n{hash}"));

    /// <summary>The fingerprint of a text or an image.</summary>
    public string Fingerprint(ReadOnlySpan<byte> content) => Digest(content);

    public string Fingerprint(string text) => Digest(Encoding.UTF8.GetBytes(text));

    private string Digest(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(key is null ? SHA256.HashData(bytes) : HMACSHA256.HashData(key, bytes));
}
