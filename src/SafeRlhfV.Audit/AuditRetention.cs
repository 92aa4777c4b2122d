using System.Data.Common;

namespace SafeRlhfV.Audit;

/// <summary>Deletes old records from the beginning of each chain, and old contents.</summary>
internal sealed class AuditRetention(AuditDatabase database, AuditSettings settings, AuditChain chain, AuditAnchors anchors)
{
    public async Task<(long Records, long Contents)> ApplyAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        long records = 0, contents = 0;
        if (settings.RecordRetention is { } keep)
        {
            // The chain of anchors loses its beginning too: every head stands at its end before.
            if (settings.Chain != AuditChains.Main) await anchors.WriteAsync(all: true, AuditPayload.Iso(now), cancellationToken).ConfigureAwait(false);
            foreach (string name in await ChainsAsync(connection, cancellationToken).ConfigureAwait(false))
                records += await ApplyAsync(connection, name, now, keep, cancellationToken).ConfigureAwait(false);
        }
        if ((settings.ContentRetention ?? settings.RecordRetention) is { } contentKeep)
        {
            // What a gateway is writing again just now is not old.
            string old = database.HasChains ? "name IN (SELECT name FROM guard_audit_content WHERE at < @limit FOR UPDATE SKIP LOCKED)" : "at < @limit";
            await using DbCommand command = AuditDatabase.Command(connection, null, $"DELETE FROM guard_audit_content WHERE {old}",
                ("limit", AuditPayload.Iso(now - contentKeep)));
            contents = await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
        return (records, contents);
    }

    private async Task<long> ApplyAsync(DbConnection connection, string name, DateTimeOffset now, TimeSpan keep, CancellationToken cancellationToken)
    {
        await using DbTransaction transaction = await AuditDatabase.BeginWriteAsync(connection, name, cancellationToken).ConfigureAwait(false);
        long records = 0;
        if (await LastBeforeAsync(connection, transaction, name, AuditPayload.Iso(now - keep), cancellationToken).ConfigureAwait(false) is { } last)
        {
            await AuditMarks.WriteAsync(connection, transaction, AuditMarks.Start, last, chain, cancellationToken).ConfigureAwait(false);
            await using DbCommand command = AuditDatabase.Command(
                connection, transaction, $"DELETE FROM guard_audit WHERE {OfChain} sequence <= @limit", ("limit", last.Sequence), ("chain", name));
            records = await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        // Gateways come and go with their names. A chain that has no records left ends; one that is written again begins anew.
        if (name is not (AuditChains.Main or AuditChains.Anchors)
            && await AuditMarks.ReadAsync(connection, transaction, AuditMarks.Start, name, cancellationToken).ConfigureAwait(false) is { } start
            && await AuditMarks.ReadAsync(connection, transaction, AuditMarks.Head, name, cancellationToken).ConfigureAwait(false) is { } head
            && start.Mark == head.Mark)
            await anchors.RetireAsync(connection, transaction, head.Mark, AuditPayload.Iso(now), cancellationToken).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return records;
    }

    private async Task<IReadOnlyList<string>> ChainsAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        if (!database.HasChains) return [AuditChains.Main];
        await using DbTransaction transaction = await AuditDatabase.BeginReadAsync(connection, cancellationToken).ConfigureAwait(false);
        return [.. (await AuditMarks.ReadAsync(connection, transaction, cancellationToken).ConfigureAwait(false)).Chains];
    }

    // Only a beginning of a chain may go: the last old record that has no younger one before it.
    private async Task<AuditMark?> LastBeforeAsync(DbConnection connection, DbTransaction transaction, string name, string limit,
        CancellationToken cancellationToken)
    {
        await using DbCommand command = AuditDatabase.Command(
            connection,
            transaction,
            $"""
            SELECT sequence, hash FROM guard_audit
            WHERE {OfChain} sequence < COALESCE((SELECT MIN(sequence) FROM guard_audit WHERE {OfChain} at >= @limit), 9223372036854775807)
            ORDER BY sequence DESC LIMIT 1
            """,
            ("limit", limit), ("chain", name));
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ? new(reader.GetInt64(0), reader.GetString(1), name) : null;
    }

    private string OfChain => database.HasChains ? "chain = @chain AND" : "";
}
