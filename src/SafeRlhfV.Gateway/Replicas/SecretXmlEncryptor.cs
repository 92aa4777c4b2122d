using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Encrypts the data protection's keys with a secret that the gateways have and the database has not: who reads the database signs nobody in.
/// </summary>
internal sealed class SecretXmlEncryptor(byte[] secret) : IXmlEncryptor
{
    public const int NonceBytes = 12, TagBytes = 16;

    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        byte[] plain = Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting));
        byte[] sealedBytes = new byte[NonceBytes + TagBytes + plain.Length];
        RandomNumberGenerator.Fill(sealedBytes.AsSpan(0, NonceBytes));
        using AesGcm cipher = Cipher(secret);
        cipher.Encrypt(sealedBytes.AsSpan(0, NonceBytes), plain, sealedBytes.AsSpan(NonceBytes + TagBytes), sealedBytes.AsSpan(NonceBytes, TagBytes));
        return new(new XElement("sealed", Convert.ToBase64String(sealedBytes)), typeof(SecretXmlDecryptor));
    }

    /// <summary>The cipher of a secret, under a key that serves nothing else.</summary>
    public static AesGcm Cipher(byte[] secret) =>
        new(HKDF.DeriveKey(HashAlgorithmName.SHA256, secret, 32, info: "dashboard session keys"u8.ToArray()), TagBytes);
}
