using System.CommandLine;
using System.Data.Common;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Cli;

/// <summary>What the audit verbs share.</summary>
internal static class AuditOptions
{
    public static Argument<string> Trail() => new("trail") { Description = "sqlite:PATH or postgres:CONNECTION STRING." };

    public static Option<FileInfo?> Key() => new("--key-file") { Description = "The file with the key that the trail was sealed with." };

    public static Option<FileInfo?> SigningKey() =>
        new("--signing-key") { Description = "The file with the private key that signs checkpoints ('audit key')." };

    public static Option<FileInfo?> PublicKey() => new("--public-key") { Description = "The file with the public key that checkpoints verify with." };

    public static Option<string> By() => new("--by") { Description = "Who does it; goes on record.", Required = true };

    public static Option<string> Reason() => new("--reason") { Description = "Why; goes on record.", Required = true };

    /// <summary>Runs something on a trail that is there.</summary>
    /// <exception cref="InvalidInputException">There is none, or its database fails.</exception>
    public static async Task<int> RunAsync(string address, Func<AuditDatabase, Task<int>> run, CancellationToken cancellationToken)
    {
        await using AuditDatabase database = AuditDatabase.Of(address);
        await database.RequireTrailAsync(cancellationToken);
        try
        {
            return await run(database);
        }
        catch (DbException error)
        {
            throw new InvalidInputException($"the audit database failed: {ErrorText.FirstLine(error).TrimEnd('.')}.", error);
        }
    }

    public static byte[]? ReadKey(FileInfo? file) => file is null ? null : GuardKey.Read(file.FullName);
}
