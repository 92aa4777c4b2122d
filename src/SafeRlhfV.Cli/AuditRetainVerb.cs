using System.CommandLine;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Cli;

internal static class AuditRetainVerb
{
    public static Command Create()
    {
        Argument<string> trail = AuditOptions.Trail();
        Option<int> days = new("--days") { Description = "How many days records stay; older ones are deleted at once.", Required = true };
        Option<FileInfo?> key = AuditOptions.Key();
        Command command = new("retain",
            "Delete old records at once, where a gateway holds back because its clock may be wrong. "
                + "Example: safe-rlhf-v audit retain sqlite:audit.db --days 365")
        {
            trail, days, key,
        };
        command.SetAction((parsed, cancellationToken) => AuditOptions.RunAsync(parsed.GetValue(trail)!, async database =>
        {
            int keep = parsed.GetValue(days);
            if (keep < 1) throw new InvalidInputException("--days must be 1 or more.");
            byte[]? secret = AuditOptions.ReadKey(parsed.GetValue(key));
            await new AuditReader(database, secret).RequireKeyAsync(cancellationToken);
            await using AuditTrail writer = new(database, new() { Key = secret, RecordRetention = TimeSpan.FromDays(keep) });
            (long records, long contents) = await writer.ApplyRetentionConfirmedAsync(cancellationToken);
            if (writer.HeldBack is { } held) throw new InvalidInputException($"nothing was deleted: {held}.");
            Output.Line($"deleted {DataArguments.Count(records, "record")} and {contents} texts and images");
            return 0;
        }, cancellationToken));
        return command;
    }
}
