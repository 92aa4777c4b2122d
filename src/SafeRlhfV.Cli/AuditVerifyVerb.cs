using System.CommandLine;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Cli;

internal static class AuditVerifyVerb
{
    public static Command Create()
    {
        Argument<string> trail = AuditOptions.Trail();
        Option<FileInfo?> key = AuditOptions.Key();
        Option<string?> expect = new("--expect") { Description = "A head that an earlier run printed, NUMBER:HASH: proves that the end was not cut off." };
        Option<bool> json = Output.JsonOption();
        Command command = new("verify", "Find any change or gap in an audit trail. Example: safe-rlhf-v audit verify sqlite:audit.db --expect 1200:3f2a...")
        {
            trail, key, expect, json,
        };
        command.SetAction(async (parsed, cancel) =>
        {
            await using AuditDatabase database = AuditOptions.Open(parsed.GetValue(trail)!);
            AuditCheck check = await new AuditReader(database, AuditOptions.ReadKey(parsed.GetValue(key))).VerifyAsync(Mark(parsed.GetValue(expect)), cancel);
            if (parsed.GetValue(json)) Output.Json(new { whole = check.IsWhole, check.Records, head = $"{check.Head.Sequence}:{check.Head.Hash}",
                keyed = check.IsKeyed, check.Faults });
            else
            {
                foreach (string fault in check.Faults) Output.Line(fault);
                Output.Line($"{check.Records} records, {(check.IsWhole ? "whole" : $"{check.Faults.Count} faults")}, head "
                    + $"{check.Head.Sequence}:{check.Head.Hash}");
                if (!check.IsKeyed) Output.Note("without a key, whoever may write the database could have rewritten all of it.");
            }
            return check.IsWhole ? 0 : CliHost.CheckFailed;
        });
        return command;
    }

    private static AuditMark? Mark(string? text)
    {
        if (text is null) return null;
        string[] parts = text.Split(':');
        return parts.Length == 2 && long.TryParse(parts[0], out long sequence) && parts[1].Length == 64
            ? new(sequence, parts[1])
            : throw new InvalidInputException($"--expect '{text}' is no head; give NUMBER:HASH as 'audit verify' prints it.");
    }
}
