using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;

namespace SafeRlhfV.Audit;

/// <summary>
/// The private key that signs checkpoints: Ed25519, in the form of C2SP signed notes, <c>PRIVATE+KEY+NAME+HASH+BASE64</c>. Who has the public key alone can
/// verify a trail, but not forge one.
/// </summary>
public sealed class AuditSigner
{
    private const string Prefix = "PRIVATE+KEY+";
    private readonly Ed25519PrivateKeyParameters key;

    private AuditSigner(string name, byte[] seed)
    {
        key = new(seed);
        Verifier = new(name, key.GeneratePublicKey().GetEncoded());
    }

    /// <summary>The public key.</summary>
    public AuditVerifier Verifier { get; }

    /// <summary>A new random key.</summary>
    /// <param name="name">Its name, such as gateway.example.org/audit; checkpoints carry it.</param>
    /// <exception cref="InvalidInputException">The name has blanks or a plus.</exception>
    public static AuditSigner Create(string name) => AuditVerifier.IsName(name)
        ? new(name, RandomNumberGenerator.GetBytes(32))
        : throw new InvalidInputException($"'{name}' cannot name a key: use letters, digits, dots and slashes, such as gateway.example.org/audit.");

    /// <summary>Reads a key from a file.</summary>
    /// <exception cref="InvalidInputException">The file cannot be read or holds none.</exception>
    public static AuditSigner Read(string path) =>
        DiskErrors.Reading(path, () => Parse(File.ReadAllText(path), path), "give the file that 'audit key --out' wrote");

    /// <summary>Reads a key.</summary>
    /// <param name="text">The text.</param>
    /// <param name="source">What to call it in messages.</param>
    /// <exception cref="InvalidInputException">It is none.</exception>
    public static AuditSigner Parse(string text, string source)
    {
        string trimmed = text.Trim();
        if (trimmed.StartsWith(Prefix, StringComparison.Ordinal) && trimmed[Prefix.Length..].Split('+', 3) is [string name, string id, string encoded]
            && AuditVerifier.IsName(name) && AuditVerifier.Decode(encoded) is [AuditVerifier.Ed25519, .. { Length: 32 } seed])
        {
            AuditSigner signer = new(name, seed);
            if (id == $"{signer.Verifier.Id:x8}") return signer;
        }
        throw new InvalidInputException($"{source} holds no key that signs checkpoints (PRIVATE+KEY+...); 'safe-rlhf-v audit key --out FILE' makes one.");
    }

    /// <summary>The key as it is kept: a secret.</summary>
    public string ToSecret() => $"{Prefix}{Verifier.Name}+{Verifier.Id:x8}+{Convert.ToBase64String([AuditVerifier.Ed25519, .. key.GetEncoded()])}";

    internal byte[] Sign(ReadOnlySpan<byte> text)
    {
        Ed25519Signer signer = new();
        signer.Init(true, key);
        signer.BlockUpdate(text);
        return signer.GenerateSignature();
    }
}
