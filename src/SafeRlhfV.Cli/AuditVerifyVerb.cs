using System.CommandLine;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Cli;

internal static class AuditVerifyVerb
{
    public static Command Create()
    {
        Argument<string?> trail = new("trail")
        {
            Description = "sqlite:PATH or postgres:CONNECTION STRING.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Option<DirectoryInfo?> bundle = new("--bundle")
        {
            Description = "Instead of a trail: a folder that 'audit export --bundle' wrote; needs --public-key.",
        };
        Option<FileInfo?> key = AuditOptions.Key();
        Option<string?> expect = new("--expect")
        {
            Description = "A head that an earlier run printed, NUMBER:HASH or CHAIN:NUMBER:HASH: proves that the end was not cut off.",
        };
        Option<FileInfo?> publicKey = AuditOptions.PublicKey();
        Option<FileInfo[]> notes = new("--checkpoint") { Description = "A checkpoint kept elsewhere; the trail must continue it. May be given several times." };
        Option<bool> json = Output.JsonOption();
        Command command = new("verify", "Find any change or gap in an audit trail. Example: safe-rlhf-v audit verify sqlite:audit.db --expect 1200:3f2a...")
        {
            trail, bundle, key, expect, publicKey, notes, json,
        };
        command.SetAction((parsed, cancellationToken) =>
        {
            if (parsed.GetValue(bundle) is not { } folder)
            {
                return AuditOptions.RunAsync(parsed.GetValue(trail) ?? throw new InvalidInputException("give a trail, or --bundle FOLDER."), VerifyAsync,
                    cancellationToken);
            }
            FileInfo file = parsed.GetValue(publicKey) ?? throw new InvalidInputException("--bundle needs --public-key.");
            if (parsed.GetValue(trail) is not null || parsed.GetValue(key) is not null || parsed.GetValue(expect) is not null
                || parsed.GetValue(notes) is { Length: > 0 })
                throw new InvalidInputException("--bundle goes without a trail, --key-file, --expect and --checkpoint.");
            return VerifyBundleAsync(folder, AuditVerifier.Read(file.FullName), parsed.GetValue(json), cancellationToken);

            async Task<int> VerifyAsync(AuditDatabase database)
            {
                AuditVerifier? verifier = parsed.GetValue(publicKey) is { } file ? AuditVerifier.Read(file.FullName) : null;
                AuditCheck check = await new AuditReader(database, AuditOptions.ReadKey(parsed.GetValue(key))).VerifyAgainstAsync(new()
                {
                    Head = Mark(parsed.GetValue(expect)),
                    Verifier = verifier,
                    Notes = [.. (parsed.GetValue(notes) ?? []).Select(note => Open(note, verifier))],
                }, cancellationToken);
                if (parsed.GetValue(json)) Output.Json(Shape(check));
                else Print(check, verifier);
                return check.IsWhole ? 0 : CliHost.CheckFailed;
            }
        });
        return command;
    }

    private static object Shape(AuditCheck check) => new
    {
        whole = check.IsWhole,
        check.Records,
        head = Text(check.Head),
        keyed = check.IsKeyed,
        check.Erased,
        proven = check.IsBlind ? "by checkpoints alone" : "whole",
        chains = check.Chains.Select(chain => new
        {
            chain.Name,
            chain.Records,
            head = Text(chain.Head),
            chain.Unanchored,
            chain.Erased,
            chain.Signed,
            chain.Unsigned,
        }),
        check.Faults,
    };

    private static void Print(AuditCheck check, AuditVerifier? verifier)
    {
        foreach (string fault in check.Faults) Output.Line(fault);
        if (check.Chains.Count > 1)
        {
            foreach (AuditChainState chain in check.Chains)
                Output.Line($"chain {chain.Name}: {DataArguments.Count(chain.Records, "record")}{Tail(chain.Unanchored)}, head {Text(chain.Head)}");
        }
        if (check.Erased > 0) Output.Line($"erased {check.Erased}");
        if (verifier is not null)
        {
            foreach (AuditChainState chain in check.Chains)
                Output.Line($"chain {chain.Name}: {DataArguments.Count(chain.Signed, "checkpoint")} signed by {verifier.Name}, "
                    + $"{DataArguments.Count(chain.Unsigned, "record")} younger than the last");
        }
        Output.Line($"{DataArguments.Count(check.Records, "record")}, {(check.IsWhole ? "whole" : DataArguments.Count(check.Faults.Count, "fault"))}, "
            + $"head {Text(check.Head)}");
        if (check.IsBlind) Output.Note("the trail is sealed with a key that was not given: only what checkpoints cover is proven.");
        else if (!check.IsKeyed) Output.Note("without a key, whoever may write the database could have rewritten all of it.");
    }

    private static async Task<int> VerifyBundleAsync(DirectoryInfo folder, AuditVerifier verifier, bool json, CancellationToken cancellationToken)
    {
        AuditBundleCheck check = await AuditBundle.VerifyAsync(folder.FullName, verifier, cancellationToken);
        if (json) Output.Json(new { whole = check.Faults.Count == 0, check.Records, check.Erased, check.Checkpoints, check.Proven, check.Faults });
        else
        {
            foreach (string fault in check.Faults) Output.Line(fault);
            if (check.Erased > 0) Output.Line($"erased {check.Erased}");
            Output.Line($"{DataArguments.Count(check.Records, "record")}, {check.Proven} of them proven by "
                + $"{DataArguments.Count(check.Checkpoints, "checkpoint")} of {verifier.Name}: "
                + (check.Faults.Count == 0 ? "whole" : $"{check.Faults.Count} faults"));
        }
        return check.Faults.Count == 0 ? 0 : CliHost.CheckFailed;
    }

    private static AuditCheckpoint Open(FileInfo note, AuditVerifier? verifier) => AuditCheckpoint.Open(
        DiskErrors.Reading(note.FullName, () => File.ReadAllText(note.FullName)),
        verifier ?? throw new InvalidInputException("--checkpoint needs --public-key."),
        note.Name);

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
