using System.CommandLine;
using System.Data.Common;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Cli;

/// <summary>What the audit verbs share.</summary>
internal static class AuditOptions
{
    public static Argument<string> Trail() => new("trail") { Description = "sqlite:PATH or postgres:CONNECTION STRING." };

    public static Option<FileInfo?> Key() => new("--key-file") { Description = "The file with the key that the trail was sealed with." };

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
