using System.Globalization;

namespace SafeRlhfV.Audit;

/// <summary>
/// A signed statement of what a chain was at one moment (C2SP tlog-checkpoint): how many records it had, and the root of the Merkle tree over them.
/// </summary>
/// <param name="Chain">The chain.</param>
/// <param name="First">The number of the record that is the tree's first leaf: 1, or a later one where older records were deleted before.</param>
/// <param name="Size">How many leaves the tree has.</param>
/// <param name="Root">The tree's root, as RFC 9162 says.</param>
/// <param name="Note">The signed note, as it is given to auditors.</param>
public sealed record AuditCheckpoint(string Chain, long First, long Size, byte[] Root, string Note)
{
    private const string FirstLine = "first ";

    /// <summary>The number of the last record that it covers.</summary>
    public long Last => First + Size - 1;

    /// <summary>Signs what a chain is now.</summary>
    internal static AuditCheckpoint Sign(string chain, long first, MerkleFrontier tree, AuditSigner signer)
    {
        byte[] root = tree.Root;
        string text = string.Create(CultureInfo.InvariantCulture, $"{signer.Verifier.Name}/{chain}\n{tree.Size}\n{Convert.ToBase64String(root)}\n");
        if (first != 1) text += string.Create(CultureInfo.InvariantCulture, $"{FirstLine}{first}\n"); // an extension line
        return new(chain, first, tree.Size, root, SignedNote.Sign(text, signer));
    }

    /// <summary>Reads a note and checks its signature.</summary>
    /// <param name="note">The note.</param>
    /// <param name="verifier">The public key.</param>
    /// <param name="source">What to call it in messages.</param>
    /// <exception cref="InvalidInputException">The key has not signed it, or it is no checkpoint.</exception>
    public static AuditCheckpoint Open(string note, AuditVerifier verifier, string source) =>
        Read(note, verifier) ?? throw new InvalidInputException(SignedNote.Open(note, verifier) is null
            ? $"{source} is not signed by {verifier.Name}."
            : $"{source} is signed, but is no checkpoint of an audit trail.");

    /// <summary>The checkpoint of a note; null where the key has not signed it or it is none.</summary>
    internal static AuditCheckpoint? Read(string note, AuditVerifier verifier)
    {
        if (SignedNote.Open(note, verifier)?.Split('\n') is not [string origin, string count, string encoded, .. string[] more]) return null;
        if (!origin.StartsWith(verifier.Name + "/", StringComparison.Ordinal) || AuditVerifier.Decode(encoded) is not { Length: 32 } root) return null;
        if (!TryNumber(count, out long size)) return null;
        long first = 1;
        if (more.FirstOrDefault(line => line.StartsWith(FirstLine, StringComparison.Ordinal)) is { } line && !TryNumber(line[FirstLine.Length..], out first))
            return null;
        return new(origin[(verifier.Name.Length + 1)..], first, size, root, note);
    }

    private static bool TryNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number > 0;
}
