using System.CommandLine;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Cli;

internal static class AuditKeyVerb
{
    public static Command Create()
    {
        Option<string> name = new("--name") { Description = "The key's name; checkpoints carry it.", Required = true };
        Option<FileInfo> file = new("--out") { Description = "The file for the private key; it must not be there yet.", Required = true };
        Command command = new("key",
            "Make a key that signs checkpoints, and print its public half. Example: safe-rlhf-v audit key --name gateway.example.org/audit --out signing.key")
        {
            name, file,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            AuditSigner signer = AuditSigner.Create(parsed.GetValue(name)!);
            string path = parsed.GetValue(file)!.FullName;
            if (File.Exists(path)) throw new InvalidInputException($"{path} is there already; a key is never written over.");
            await using (StreamWriter writer = new(PrivateFile.Create(path, FileMode.CreateNew)))
                await writer.WriteLineAsync(signer.ToSecret().AsMemory(), cancellationToken);
            Output.Line(signer.Verifier.ToString());
            Output.Note("keep the file secret; give the printed line to whoever verifies.");
            return 0;
        });
        return command;
    }
}
