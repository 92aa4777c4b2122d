using System.CommandLine;
using System.Text.Json;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Cli;

internal static class AuditProveVerb
{
    public static Command Create()
    {
        Option<string?> trail = new("--trail") { Description = "The trail to take the proof from: sqlite:PATH or postgres:CONNECTION STRING." };
        Option<FileInfo?> proof = new("--proof") { Description = "Instead of a trail: a proof that this command printed, to be checked." };
        Option<FileInfo> older = new("--older") { Description = "The older checkpoint.", Required = true };
        Option<FileInfo> newer = new("--newer") { Description = "The newer checkpoint.", Required = true };
        Option<FileInfo> publicKey = new("--public-key") { Description = "The file with the public key that both verify with.", Required = true };
        Command command = new("prove",
            "Prove that one checkpoint continues another; exit 1 if not. Example: safe-rlhf-v audit prove --trail sqlite:audit.db --older a.txt --newer b.txt "
                + "--public-key audit.pub")
        {
            trail, proof, older, newer, publicKey,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            AuditVerifier key = AuditVerifier.Read(parsed.GetValue(publicKey)!.FullName);
            AuditCheckpoint first = Open(parsed.GetValue(older)!, key), second = Open(parsed.GetValue(newer)!, key);
            IReadOnlyList<ConsistencyStep> steps;
            if (parsed.GetValue(proof) is { } file) steps = Read(file.FullName);
            else
            {
                string address = parsed.GetValue(trail) ?? throw new InvalidInputException("prove needs --trail, or --proof to check one.");
                steps = [];
                await AuditOptions.RunAsync(address, async database =>
                {
                    steps = await new AuditReader(database).ProveAsync(first.Chain, first.Size, second.Size, cancellationToken);
                    return 0;
                }, cancellationToken);
                Output.Json(steps);
            }
            string? fault = ConsistencyStep.FindFault(first, second, steps);
            Output.Note(fault ?? $"the {first.Size} records of the older checkpoint are the beginning of the {second.Size} of the newer");
            return fault is null ? 0 : CliHost.CheckFailed;
        });
        return command;
    }

    private static AuditCheckpoint Open(FileInfo file, AuditVerifier key) =>
        AuditCheckpoint.Open(DiskErrors.Reading(file.FullName, () => File.ReadAllText(file.FullName)), key, file.Name);

    private static IReadOnlyList<ConsistencyStep> Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<ConsistencyStep[]>(DiskErrors.Reading(path, () => File.ReadAllText(path)), JsonSerializerOptions.Web) ?? [];
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"{path} is no proof of 'audit prove' ({ErrorText.FirstLine(error).TrimEnd('.')}).", error);
        }
    }
}
