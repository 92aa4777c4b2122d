using System.Data.Common;

namespace SafeRlhfV.Audit.Tests;

/// <summary>What tests do to a trail behind its back.</summary>
internal static class Statements
{
    public static async Task RunAsync(this AuditDatabase database, string statements)
    {
        await using DbConnection connection = await database.OpenAsync(default);
        await AuditDatabase.ExecuteAsync(connection, statements, default);
    }
}
