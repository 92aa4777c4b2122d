using System.CommandLine;
using System.Globalization;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Cli;

internal static class AuditExportVerb
{
    public static Command Create()
    {
        Argument<string> trail = AuditOptions.Trail();
        Option<FileInfo?> to = new("--out") { Description = "The file to write; stdout where it is left out." };
        Option<string?> since = new("--since") { Description = "The first record's time, such as 2026-11-01." };
        Option<string?> until = new("--until") { Description = "The time before which the last record is." };
        Option<string?> chain = new("--chain") { Description = "The chain; all where it is left out." };
        Option<string> format = new("--format")
        {
            Description = "jsonl, which can be verified, or ocsf, for monitoring tools.",
            DefaultValueFactory = _ => "jsonl",
        };
        Option<DirectoryInfo?> bundle = new("--bundle") { Description = "Instead: a folder with records, checkpoints and a signed statement." };
        Option<FileInfo?> signing = AuditOptions.SigningKey();
        Command command = new("export",
            "Write an audit trail as JSON lines. Example: safe-rlhf-v audit export sqlite:audit.db --since 2026-11-01 --out audit.jsonl")
        {
            trail, to, since, until, chain, format, bundle, signing,
        };
        format.AcceptOnlyFromAmong("jsonl", "ocsf");
        command.SetAction((parsed, cancellationToken) => AuditOptions.RunAsync(parsed.GetValue(trail)!, async database =>
        {
            AuditExport export = new()
            {
                From = Time("--since", parsed.GetValue(since)),
                To = Time("--until", parsed.GetValue(until)),
                Chain = parsed.GetValue(chain),
                IsOcsf = parsed.GetValue(format) == "ocsf",
            };
            long records;
            if (parsed.GetValue(bundle) is { } folder)
            {
                if (parsed.GetValue(to) is not null || export.IsOcsf) throw new InvalidInputException("--bundle goes without --out and --format ocsf.");
                AuditSigner signer = AuditSigner.Read((parsed.GetValue(signing) ?? throw new InvalidInputException("--bundle needs --signing-key.")).FullName);
                records = await AuditBundle.WriteAsync(database, export, signer, folder.FullName, cancellationToken: cancellationToken);
            }
            else
            {
                await using Stream output = parsed.GetValue(to) is { } file ? PrivateFile.Create(file.FullName) : Console.OpenStandardOutput();
                records = await new AuditReader(database).ExportAsync(output, export, cancellationToken);
            }
            Output.Note($"{DataArguments.Count(records, "record")} written");
            return 0;
        }, cancellationToken));
        return command;
    }

    private static DateTimeOffset? Time(string option, string? text)
    {
        if (text is null) return null;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time
            : throw new InvalidInputException($"{option} '{text}' is no time; write 2026-11-01 or 2026-11-01T12:00:00Z.");
    }
}
