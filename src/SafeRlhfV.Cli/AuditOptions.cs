using System.CommandLine;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Cli;

/// <summary>What the audit verbs share.</summary>
internal static class AuditOptions
{
    public static Argument<string> Trail() => new("trail") { Description = "sqlite:PATH or postgres:CONNECTION STRING." };

    public static Option<FileInfo?> Key() => new("--key-file") { Description = "The file with the key that the trail was sealed with." };

    // Reading must not make an empty trail out of a mistyped path.
    public static AuditDatabase Open(string address) => address.StartsWith("sqlite:", StringComparison.Ordinal) && !File.Exists(address[7..])
        ? throw new InvalidInputException($"There is no audit trail at {address[7..]}; give the path of the gateway's audit database.")
        : AuditDatabase.Of(address);

    public static byte[]? ReadKey(FileInfo? file) => file is null ? null : GuardKey.Read(file.FullName);
}
