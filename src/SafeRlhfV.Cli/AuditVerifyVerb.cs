using System.CommandLine;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Cli;

internal static class AuditVerifyVerb
{
    public static Command Create()
    {
        Argument<string> trail = AuditOptions.Trail();
        Option<FileInfo?> key = AuditOptions.Key();
        Option<string?> expect = new("--expect")
        {
            Description = "A head that an earlier run printed, NUMBER:HASH or CHAIN:NUMBER:HASH: proves that the end was not cut off.",
        };
        Option<bool> json = Output.JsonOption();
        Command command = new("verify", "Find any change or gap in an audit trail. Example: safe-rlhf-v audit verify sqlite:audit.db --expect 1200:3f2a...")
        {
            trail, key, expect, json,
        };
        command.SetAction((parsed, cancellationToken) => AuditOptions.RunAsync(parsed.GetValue(trail)!, async database =>
        {
            AuditCheck check = await new AuditReader(database, AuditOptions.ReadKey(parsed.GetValue(key))).VerifyAsync(Mark(parsed.GetValue(expect)),
                cancellationToken);
            if (parsed.GetValue(json))
            {
                Output.Json(new
                {
                    whole = check.IsWhole,
                    check.Records,
                    head = Text(check.Head),
                    keyed = check.IsKeyed,
                    chains = check.Chains.Select(chain => new { chain.Name, chain.Records, head = Text(chain.Head), chain.Unanchored }),
                    check.Faults,
                });
            }
            else
            {
                foreach (string fault in check.Faults) Output.Line(fault);
                if (check.Chains.Count > 1)
                {
                    foreach (AuditChainState chain in check.Chains)
                        Output.Line($"chain {chain.Name}: {chain.Records} records{Tail(chain.Unanchored)}, head {Text(chain.Head)}");
                }
                Output.Line($"{check.Records} records, {(check.IsWhole ? "whole" : $"{check.Faults.Count} faults")}, head {Text(check.Head)}");
                if (!check.IsKeyed) Output.Note("without a key, whoever may write the database could have rewritten all of it.");
            }
            return check.IsWhole ? 0 : CliHost.CheckFailed;
        }, cancellationToken));
        return command;
    }

    private static string Tail(long unanchored) => unanchored == 0 ? "" : $" ({unanchored} not anchored yet)";

    private static string Text(AuditMark mark) => $"{(mark.Chain == AuditChains.Main ? "" : $"{mark.Chain}:")}{mark.Sequence}:{mark.Hash}";

    private static AuditMark? Mark(string? text)
    {
        if (text is null) return null;
        return text.Split(':') is [.. { Length: <= 1 } chain, string number, string hash] && long.TryParse(number, out long sequence) && hash.Length == 64
            ? new(sequence, hash, chain is [string name] ? name : AuditChains.Main)
            : throw new InvalidInputException($"--expect '{text}' is no head; give NUMBER:HASH or CHAIN:NUMBER:HASH as 'audit verify' prints it.");
    }
}
