using System.CommandLine;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Cli;

internal static class AuditExportVerb
{
    public static Command Create()
    {
        Argument<string> trail = AuditOptions.Trail();
        Option<FileInfo?> to = new("--out") { Description = "The file to write; stdout where it is left out." };
        Command command = new("export", "Write an audit trail as JSON lines. Example: safe-rlhf-v audit export sqlite:audit.db --out audit.jsonl") { trail,
            to };
        command.SetAction((parsed, cancellationToken) => AuditOptions.RunAsync(parsed.GetValue(trail)!, async database =>
        {
            await using Stream output = parsed.GetValue(to) is { } file ? file.Create() : Console.OpenStandardOutput();
            long records = await new AuditReader(database).ExportAsync(output, cancellationToken);
            Output.Note($"{records} records written");
            return 0;
        }, cancellationToken));
        return command;
    }
}
