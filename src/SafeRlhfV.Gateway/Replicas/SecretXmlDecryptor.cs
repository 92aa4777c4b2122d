using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.XmlEncryption;
using Microsoft.Extensions.DependencyInjection;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Gateway;

/// <summary>Decrypts what <see cref="SecretXmlEncryptor"/> made. The data protection makes it by its name.</summary>
internal sealed class SecretXmlDecryptor : IXmlDecryptor
{
    private readonly byte[] secret;

    public SecretXmlDecryptor(IServiceProvider services) => secret =
        services.GetRequiredService<AuditSettings>().Key
            ?? throw new CryptographicException("The session keys are sealed with the audit key, which this gateway does not have (audit.key_env).");

    public XElement Decrypt(XElement encryptedElement) =>
        XElement.Parse(Encoding.UTF8.GetString(SealedBytes.Open(secret, SecretXmlEncryptor.Use, Convert.FromBase64String(encryptedElement.Value))));
}
