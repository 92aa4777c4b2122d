using System.Buffers.Binary;
using System.Text;

namespace SafeRlhfV.Audit;

/// <summary>A text with signatures below it (C2SP signed-note): lines, an empty line, and a line for each signature.</summary>
internal static class SignedNote
{
    private const string Dash = "— ";

    /// <summary>Signs a text, which ends with a line's end.</summary>
    public static string Sign(string text, AuditSigner signer)
    {
        byte[] signature = signer.Sign(Encoding.UTF8.GetBytes(text)), signed = new byte[4 + signature.Length];
        BinaryPrimitives.WriteUInt32BigEndian(signed, signer.Verifier.Id);
        signature.CopyTo(signed, 4);
        return $"{text}\n{Dash}{signer.Verifier.Name} {Convert.ToBase64String(signed)}\n";
    }

    /// <summary>
    /// The text of a note that the key has signed; null where it has not, or where anything but signatures stands below the text. Signatures by other keys,
    /// such as witnesses', are left alone.
    /// </summary>
    public static string? Open(string note, AuditVerifier verifier)
    {
        int end = note.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (end < 0) return null;
        string text = note[..(end + 1)];
        bool isSigned = false;
        foreach (string line in note[(end + 2)..].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!line.StartsWith(Dash, StringComparison.Ordinal) || line[Dash.Length..].Split(' ') is not [string name, string encoded]) return null;
            if (name != verifier.Name || AuditVerifier.Decode(encoded) is not { Length: > 4 } signed) continue;
            isSigned |= BinaryPrimitives.ReadUInt32BigEndian(signed) == verifier.Id && verifier.Verify(Encoding.UTF8.GetBytes(text), signed[4..]);
        }
        return isSigned ? text : null;
    }
}
