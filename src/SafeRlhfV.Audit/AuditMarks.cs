using System.Data.Common;

namespace SafeRlhfV.Audit;

/// <summary>The trail's sealed marks: its head, and where it begins.</summary>
internal static class AuditMarks
{
    public const string Head = "head";

    public const string Start = "start";

    public static async Task<(AuditMark Mark, string Seal)?> ReadAsync(DbConnection connection, DbTransaction transaction, string name,
        CancellationToken cancellationToken)
    {
        await using DbCommand command = AuditDatabase.Command(connection, transaction, "SELECT sequence, hash, seal FROM guard_audit_mark WHERE name = @name",
            ("name", name));
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ? (new(reader.GetInt64(0), reader.GetString(1)), reader.GetString(2)) : null;
    }

    public static Task WriteAsync(DbConnection connection, DbTransaction transaction, string name, AuditMark mark, AuditChain chain,
        CancellationToken cancellationToken) =>
        AuditDatabase.ExecuteAsync(
            connection,
            "INSERT INTO guard_audit_mark (name, sequence, hash, seal) VALUES (@name, @sequence, @hash, @seal) ON CONFLICT (name) DO UPDATE SET sequence = "
                + "excluded.sequence, hash = excluded.hash, seal = excluded.seal",
            cancellationToken,
            transaction,
            ("name", name), ("sequence", mark.Sequence), ("hash", mark.Hash), ("seal", chain.Seal(name, mark.Sequence, mark.Hash)));
}
