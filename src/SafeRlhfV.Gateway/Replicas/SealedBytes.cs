using System.Security.Cryptography;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Encrypts what gateways keep in their database with a secret that they have and the database has not (AES-GCM): who reads the database reads none of it.
/// </summary>
internal static class SealedBytes
{
    private const int NonceBytes = 12, TagBytes = 16;

    /// <summary>Seals bytes: nonce, tag, and what is encrypted.</summary>
    /// <param name="secret">The gateways' secret.</param>
    /// <param name="use">What the bytes are for; each use has a cipher key of its own.</param>
    /// <param name="plain">The bytes.</param>
    /// <param name="place">Where they stand: they cannot be opened as if they stood elsewhere.</param>
    public static byte[] Seal(byte[] secret, ReadOnlySpan<byte> use, ReadOnlySpan<byte> plain, ReadOnlySpan<byte> place = default)
    {
        byte[] all = new byte[NonceBytes + TagBytes + plain.Length];
        RandomNumberGenerator.Fill(all.AsSpan(0, NonceBytes));
        using AesGcm cipher = Cipher(secret, use);
        cipher.Encrypt(all.AsSpan(0, NonceBytes), plain, all.AsSpan(NonceBytes + TagBytes), all.AsSpan(NonceBytes, TagBytes), place);
        return all;
    }

    /// <summary>What <see cref="Seal"/> has sealed.</summary>
    /// <exception cref="CryptographicException">It was sealed with another secret, for another use or place, or was changed.</exception>
    public static byte[] Open(byte[] secret, ReadOnlySpan<byte> use, ReadOnlySpan<byte> all, ReadOnlySpan<byte> place = default)
    {
        if (all.Length < NonceBytes + TagBytes) throw new CryptographicException("These bytes are too short to be sealed ones.");
        byte[] plain = new byte[all.Length - NonceBytes - TagBytes];
        using AesGcm cipher = Cipher(secret, use);
        cipher.Decrypt(all[..NonceBytes], all[(NonceBytes + TagBytes)..], all.Slice(NonceBytes, TagBytes), plain, place);
        return plain;
    }

    private static AesGcm Cipher(byte[] secret, ReadOnlySpan<byte> use)
    {
        byte[] key = new byte[32];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, key, salt: [], info: use);
        return new(key, TagBytes);
    }
}
