using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Encrypts the data protection's keys with a secret that the gateways have and the database has not: who reads the database signs nobody in.
/// </summary>
internal sealed class SecretXmlEncryptor(byte[] secret) : IXmlEncryptor
{
    /// <summary>What the cipher key is for.</summary>
    public static ReadOnlySpan<byte> Use => "dashboard session keys"u8;

    public EncryptedXmlInfo Encrypt(XElement plaintextElement)
    {
        byte[] sealedBytes = SealedBytes.Seal(secret, Use, Encoding.UTF8.GetBytes(plaintextElement.ToString(SaveOptions.DisableFormatting)));
        return new(new XElement("sealed", Convert.ToBase64String(sealedBytes)), typeof(SecretXmlDecryptor));
    }
}
