using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Cms;
using Org.BouncyCastle.Security;
using Org.BouncyCastle.Tsp;
using Org.BouncyCastle.X509;

namespace SafeRlhfV.Audit;

/// <summary>A token of a time-stamping authority (RFC 3161), which says that a note existed at a time.</summary>
public static class TimestampToken
{
    /// <summary>Checks that a token covers a note and is soundly signed.</summary>
    /// <param name="token">The token, or the authority's whole response that holds it (DER).</param>
    /// <param name="note">The note.</param>
    /// <param name="authority">
    /// The authority's certificate, or one that issued it (PEM or DER). Null checks the signature by the certificate that the token itself carries, which
    /// says only that the token was not changed.
    /// </param>
    /// <param name="source">What to call the token in messages.</param>
    /// <returns>The time, and the subject of the certificate that signed.</returns>
    /// <exception cref="InvalidInputException">It is no token, covers something else, or its signature is not the authority's.</exception>
    public static (DateTimeOffset At, string Signer) Verify(byte[] token, string note, byte[]? authority, string source)
    {
        try
        {
            TimeStampToken read = Read(token);
            TimeStampTokenInfo info = read.TimeStampInfo;
            byte[] covered = info.MessageImprintAlgOid switch
            {
                "2.16.840.1.101.3.4.2.1" => SHA256.HashData(Encoding.UTF8.GetBytes(note)),
                "2.16.840.1.101.3.4.2.2" => SHA384.HashData(Encoding.UTF8.GetBytes(note)),
                "2.16.840.1.101.3.4.2.3" => SHA512.HashData(Encoding.UTF8.GetBytes(note)),
                string other => throw new InvalidInputException($"{source} uses the hash algorithm {other}; SHA-256, SHA-384 and SHA-512 are accepted."),
            };
            if (!covered.AsSpan().SequenceEqual(info.GetMessageImprintDigest()))
                throw new InvalidInputException($"{source} covers something else than the note.");
            X509Certificate? given = authority is null ? null : new X509CertificateParser().ReadCertificate(authority)
                ?? throw new InvalidInputException("The authority's certificate cannot be read.");
            X509Certificate signer = read.GetCertificates().EnumerateMatches(read.SignerID).FirstOrDefault() ?? given
                ?? throw new InvalidInputException($"{source} carries no certificate; give the authority's.");
            read.Validate(signer); // the signature, the certificate's purpose and its time
            if (given is not null && !given.Equals(signer)) signer.Verify(given.GetPublicKey());
            return (new DateTimeOffset(DateTime.SpecifyKind(info.GenTime, DateTimeKind.Utc)), signer.SubjectDN.ToString());
        }
        catch (Exception error) when (error is TspException or CmsException or GeneralSecurityException or IOException or ArgumentException
            or InvalidOperationException)
        {
            throw new InvalidInputException($"{source} is no sound time-stamp token ({ErrorText.FirstLine(error).TrimEnd('.')}).", error);
        }
    }

    private static TimeStampToken Read(byte[] bytes)
    {
        try
        {
            return new(new CmsSignedData(bytes));
        }
        catch (Exception error) when (error is CmsException or IOException or ArgumentException or InvalidCastException)
        {
            return new TimeStampResponse(bytes).TimeStampToken ?? throw new TspException("the authority refused");
        }
    }
}
