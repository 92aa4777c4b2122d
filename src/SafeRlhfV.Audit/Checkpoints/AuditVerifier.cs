using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Crypto.Signers;

namespace SafeRlhfV.Audit;

/// <summary>The public key that checkpoints verify with: Ed25519, in the form of C2SP signed notes, <c>NAME+HASH+BASE64</c>.</summary>
public sealed class AuditVerifier
{
    internal const byte Ed25519 = 1; // C2SP's number of the algorithm
    private readonly Ed25519PublicKeyParameters key;

    internal AuditVerifier(string name, ReadOnlySpan<byte> publicKey)
    {
        Name = name;
        key = new(publicKey.ToArray());
        Id = KeyId(name, publicKey);
    }

    /// <summary>The key's name.</summary>
    public string Name { get; }

    /// <summary>What signatures name the key by.</summary>
    public uint Id { get; }

    /// <summary>Reads a key from a file.</summary>
    /// <exception cref="InvalidInputException">The file cannot be read or holds none.</exception>
    public static AuditVerifier Read(string path) =>
        DiskErrors.Reading(path, () => Parse(File.ReadAllText(path), path), "give the file that 'audit key' printed");

    /// <summary>Reads a key.</summary>
    /// <param name="text">The text.</param>
    /// <param name="source">What to call it in messages.</param>
    /// <exception cref="InvalidInputException">It is none.</exception>
    public static AuditVerifier Parse(string text, string source)
    {
        string[] parts = text.Trim().Split('+', 3); // the Base64 may hold a plus too
        if (parts.Length == 3 && IsName(parts[0]) && Decode(parts[2]) is [Ed25519, .. { Length: 32 } publicKey])
        {
            AuditVerifier verifier = new(parts[0], publicKey);
            if (parts[1] == $"{verifier.Id:x8}") return verifier;
        }
        throw new InvalidInputException($"{source} holds no public key for checkpoints (NAME+HASH+BASE64); 'safe-rlhf-v audit key' prints one.");
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name}+{Id:x8}+{Convert.ToBase64String([Ed25519, .. key.GetEncoded()])}";

    /// <summary>Whether a key may have this name: no blanks, no plus.</summary>
    public static bool IsName(string name) =>
        name.Length is > 0 and <= 200 && !name.Any(letter => char.IsWhiteSpace(letter) || char.IsControl(letter) || letter == '+');

    /// <summary>Whether a signature is this key's over a text.</summary>
    internal bool Verify(ReadOnlySpan<byte> text, byte[] signature)
    {
        Ed25519Signer signer = new();
        signer.Init(false, key);
        signer.BlockUpdate(text);
        return signature.Length == 64 && signer.VerifySignature(signature);
    }

    /// <summary>The bytes of Base64; none for another spelling of the same bytes, since a changed text must not verify.</summary>
    internal static byte[] Decode(string base64)
    {
        byte[] bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out int count) && Convert.ToBase64String(bytes, 0, count) == base64 ? bytes[..count] : [];
    }

    private static uint KeyId(string name, ReadOnlySpan<byte> publicKey) =>
        BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', Ed25519, .. publicKey]));
}
