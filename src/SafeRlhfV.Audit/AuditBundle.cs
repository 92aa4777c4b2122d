using System.Globalization;
using System.Security.Cryptography;

namespace SafeRlhfV.Audit;

/// <summary>
/// A folder for an auditor: the records, the checkpoints of the trail, and a signed statement that holds the SHA-256 of both. It verifies with the public key
/// alone.
/// </summary>
public static class AuditBundle
{
    private const string Records = "records.jsonl", Checkpoints = "checkpoints.txt", Statement = "statement.txt";

    /// <summary>Writes a bundle. The chains are signed first, so that the checkpoints cover all that is exported.</summary>
    /// <param name="database">The trail.</param>
    /// <param name="export">What is exported.</param>
    /// <param name="signer">Who signs.</param>
    /// <param name="folder">Where; it is made.</param>
    /// <param name="clock">The clock.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>How many records were written.</returns>
    public static async Task<long> WriteAsync(
        AuditDatabase database, AuditExport export, AuditSigner signer, string folder, TimeProvider? clock = null,
        CancellationToken cancellationToken = default)
    {
        string now = AuditPayload.Iso((clock ?? TimeProvider.System).GetUtcNow());
        await new AuditCheckpoints(database).WriteAsync(signer, now, cancellationToken).ConfigureAwait(false);
        Directory.CreateDirectory(folder);
        AuditReader reader = new(database);
        long records;
        await using (FileStream file = PrivateFile.Create(Path.Combine(folder, Records)))
            records = await reader.ExportAsync(file, export, cancellationToken).ConfigureAwait(false);
        await using (FileStream file = PrivateFile.Create(Path.Combine(folder, Checkpoints)))
        await using (StreamWriter writer = new(file))
        {
            foreach (string note in await reader.CheckpointsAsync(cancellationToken).ConfigureAwait(false))
                await writer.WriteAsync($"{note}\n").ConfigureAwait(false);
        }
        string text = string.Create(CultureInfo.InvariantCulture, $"{signer.Verifier.Name}/export\n{now}\n{records} records\n")
            + await LineAsync(folder, Records, cancellationToken).ConfigureAwait(false)
            + await LineAsync(folder, Checkpoints, cancellationToken).ConfigureAwait(false);
        await using FileStream statement = PrivateFile.Create(Path.Combine(folder, Statement));
        await using StreamWriter signed = new(statement);
        await signed.WriteAsync(SignedNote.Sign(text, signer)).ConfigureAwait(false);
        return records;
    }

    /// <summary>What is wrong with a bundle, or null: its statement's signature, and the files that the statement names.</summary>
    /// <exception cref="InvalidInputException">A file cannot be read.</exception>
    public static async Task<string?> FindFaultAsync(string folder, AuditVerifier verifier, CancellationToken cancellationToken = default)
    {
        string statement = Path.Combine(folder, Statement);
        if (SignedNote.Open(DiskErrors.Reading(statement, () => File.ReadAllText(statement)), verifier) is not { } text)
            return $"{Statement} is not signed by {verifier.Name}";
        foreach (string name in (string[])[Records, Checkpoints])
        {
            if (!File.Exists(Path.Combine(folder, name))) return $"{name} is missing";
            if (!text.Contains(await LineAsync(folder, name, cancellationToken).ConfigureAwait(false), StringComparison.Ordinal)) return $"{name} was changed";
        }
        return null;
    }

    /// <summary>Checks a bundle with the public key alone: statement, files, checkpoints, and every record.</summary>
    /// <exception cref="InvalidInputException">A file cannot be read.</exception>
    public static async Task<AuditBundleCheck> VerifyAsync(string folder, AuditVerifier verifier, CancellationToken cancellationToken = default)
    {
        string? fault = await FindFaultAsync(folder, verifier, cancellationToken).ConfigureAwait(false);
        string checkpoints = Path.Combine(folder, Checkpoints), records = Path.Combine(folder, Records);
        AuditBundleReader reader = new(verifier);
        if (File.Exists(checkpoints)) reader.ReadCheckpoints(DiskErrors.Reading(checkpoints, () => File.ReadAllText(checkpoints)));
        if (File.Exists(records))
        {
            await foreach (string line in File.ReadLinesAsync(records, cancellationToken).ConfigureAwait(false)) reader.ReadRecord(line);
        }
        AuditBundleCheck check = reader.End();
        return fault is null ? check : check with { Faults = [fault, .. check.Faults] };
    }

    private static async Task<string> LineAsync(string folder, string name, CancellationToken cancellationToken)
    {
        await using FileStream file = File.OpenRead(Path.Combine(folder, name));
        return $"{name} {Convert.ToHexStringLower(await SHA256.HashDataAsync(file, cancellationToken).ConfigureAwait(false))}\n";
    }
}
