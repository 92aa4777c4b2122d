using System.Data.Common;

namespace SafeRlhfV.Audit;

/// <summary>Deletes old records from the chain's beginning, and old contents.</summary>
internal sealed class AuditRetention(AuditSettings settings, AuditChain chain)
{
    public async Task<(long Records, long Contents)> ApplyAsync(DbConnection connection, DbTransaction transaction, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        long records = 0, contents = 0;
        if (settings.RecordRetention is { } keep
            && await LastBeforeAsync(connection, transaction, AuditPayload.Iso(now - keep), cancellationToken).ConfigureAwait(false) is { } last)
        {
            await AuditMarks.WriteAsync(connection, transaction, AuditMarks.Start, last, chain, cancellationToken).ConfigureAwait(false);
            records = await DeleteAsync(connection, transaction, "DELETE FROM guard_audit WHERE sequence <= @limit", last.Sequence, cancellationToken)
                .ConfigureAwait(false);
        }
        if ((settings.ContentRetention ?? settings.RecordRetention) is { } contentKeep)
        {
            string limit = AuditPayload.Iso(now - contentKeep);
            contents = await DeleteAsync(connection, transaction, "DELETE FROM guard_audit_content WHERE at < @limit", limit, cancellationToken)
                .ConfigureAwait(false);
        }
        return (records, contents);
    }

    // Only a beginning of the chain may go: the last old record that has no younger one before it.
    private static async Task<AuditMark?> LastBeforeAsync(DbConnection connection, DbTransaction transaction, string limit, CancellationToken cancellationToken)
    {
        await using DbCommand command = AuditDatabase.Command(
            connection,
            transaction,
            "SELECT sequence, hash FROM guard_audit WHERE sequence < COALESCE((SELECT MIN(sequence) FROM guard_audit WHERE at >= @limit), "
                + "9223372036854775807) ORDER BY sequence DESC LIMIT 1",
            ("limit", limit));
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ? new(reader.GetInt64(0), reader.GetString(1)) : null;
    }

    private static async Task<long> DeleteAsync(DbConnection connection, DbTransaction transaction, string text, object limit,
        CancellationToken cancellationToken)
    {
        await using DbCommand command = AuditDatabase.Command(connection, transaction, text, ("limit", limit));
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
