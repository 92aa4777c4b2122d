using System.CommandLine;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Cli;

internal static class AuditCheckpointVerb
{
    public static Command Create()
    {
        Argument<string> trail = AuditOptions.Trail();
        Option<FileInfo?> signing = AuditOptions.SigningKey(), publicKey = AuditOptions.PublicKey();
        Option<DirectoryInfo?> to = new("--out") { Description = "A folder that also gets each new checkpoint, as CHAIN-SIZE.txt." };
        Option<FileInfo?> timestamp = new("--timestamp")
        {
            Description = "Instead: a time-stamp token (RFC 3161, DER) over the note of --note; it is checked and kept.",
        };
        Option<FileInfo?> note = new("--note") { Description = "The checkpoint that the token covers." };
        Option<FileInfo?> authority = new("--authority") { Description = "The time-stamping authority's certificate, or its issuer's." };
        Command command = new("checkpoint",
            "Sign what each chain is now, and print the new checkpoints. Example: safe-rlhf-v audit checkpoint sqlite:audit.db --signing-key signing.key")
        {
            trail, signing, to, timestamp, note, publicKey, authority,
        };
        command.SetAction((parsed, cancellationToken) => AuditOptions.RunAsync(parsed.GetValue(trail)!, async database =>
        {
            if (parsed.GetValue(timestamp) is { } token)
            {
                if (parsed.GetValue(note) is not { } covered || parsed.GetValue(publicKey) is not { } key)
                    throw new InvalidInputException("--timestamp needs --note and --public-key.");
                return await KeepAsync(database, token.FullName, covered.FullName, AuditVerifier.Read(key.FullName), parsed.GetValue(authority)?.FullName,
                    cancellationToken);
            }
            AuditSigner signer = AuditSigner.Read((parsed.GetValue(signing) ?? throw new InvalidInputException("checkpoint needs --signing-key.")).FullName);
            await using AuditTrail writer = new(database, new() { Signer = signer });
            IReadOnlyList<AuditCheckpoint> made = await writer.CheckpointAsync(cancellationToken);
            foreach (AuditCheckpoint one in made)
            {
                Output.Line(one.Note);
                if (parsed.GetValue(to) is not { } folder) continue;
                folder.Create();
                await File.WriteAllTextAsync(Path.Combine(folder.FullName, $"{one.Chain}-{one.Size}.txt"), one.Note, cancellationToken);
            }
            Output.Note(made.Count == 0 ? "nothing has been recorded since the last checkpoint" : $"{DataArguments.Count(made.Count, "chain")} signed");
            return 0;
        }, cancellationToken));
        return command;
    }

    private static async Task<int> KeepAsync(
        AuditDatabase database, string token, string note, AuditVerifier key, string? authority, CancellationToken cancellationToken)
    {
        string text = DiskErrors.Reading(note, () => File.ReadAllText(note));
        AuditCheckpoint covered = AuditCheckpoint.Open(text, key, note);
        byte[] bytes = DiskErrors.Reading(token, () => File.ReadAllBytes(token));
        byte[]? certificate = authority is null ? null : DiskErrors.Reading(authority, () => File.ReadAllBytes(authority));
        (DateTimeOffset at, string signer) = TimestampToken.Verify(bytes, text, certificate, token);
        if (!await new AuditReader(database).KeepTokenAsync(covered, bytes, cancellationToken))
            throw new InvalidInputException($"the trail has no checkpoint of chain {covered.Chain} and size {covered.Size} with this note.");
        Output.Line($"chain {covered.Chain}, {DataArguments.Count(covered.Size, "record")}, existed at {at:u}, says {signer}");
        if (authority is null) Output.Note("the token's own certificate was used; --authority says whose it must be.");
        return 0;
    }
}
