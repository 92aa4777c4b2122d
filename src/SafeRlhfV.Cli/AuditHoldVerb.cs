using System.CommandLine;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Cli;

internal static class AuditHoldVerb
{
    public static Command Create()
    {
        Argument<string> trail = AuditOptions.Trail();
        Option<string?> name = new("--name") { Description = "The hold's name, such as a case's number; without it, the holds in force are listed." };
        Option<bool> release = new("--release") { Description = "End the hold instead of beginning it." };
        Option<string?> by = new("--by") { Description = "Who does it; goes on record." }, reason = new("--reason") { Description = "Why; goes on record." };
        Option<FileInfo?> key = AuditOptions.Key();
        Command command = new("hold",
            "Put a legal hold on a trail, or end it: nothing is deleted or erased meanwhile. "
                + "Example: safe-rlhf-v audit hold sqlite:audit.db --name case-12 --by ann --reason \"court order\"")
        {
            trail, name, release, by, reason, key,
        };
        command.SetAction((parsed, cancellationToken) => AuditOptions.RunAsync(parsed.GetValue(trail)!, async database =>
        {
            AuditHolds holds = new(database, AuditOptions.ReadKey(parsed.GetValue(key)));
            if (parsed.GetValue(name) is { } wanted)
            {
                if (parsed.GetValue(by) is not { } who || parsed.GetValue(reason) is not { } why)
                    throw new InvalidInputException("a hold begins and ends with --by and --reason.");
                if (parsed.GetValue(release)) await holds.EndAsync(wanted, who, why, cancellationToken);
                else await holds.BeginAsync(wanted, who, why, cancellationToken);
            }
            foreach (AuditHold hold in await holds.ListAsync(cancellationToken))
                Output.Line($"{hold.Name}: since {hold.At[..10]}, by {hold.Holder}, {hold.Reason}");
            return 0;
        }, cancellationToken));
        return command;
    }
}
