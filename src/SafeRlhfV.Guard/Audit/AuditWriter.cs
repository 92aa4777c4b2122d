using System.Data.Common;

namespace SafeRlhfV.Guard;

/// <summary>
/// Writes records to the end of the chain, a batch a transaction. Connection and statements are kept from batch to batch: opening, setting up and compiling them anew costs
/// several times what the writing does. After any fault they are made anew.
/// </summary>
internal sealed class AuditWriter(AuditDatabase database, AuditChain chain) : IAsyncDisposable
{
    private DbConnection? _connection;
    private DbCommand? _record, _content;

    /// <summary>Writes a batch whole or not at all.</summary>
    public async Task WriteAsync(IReadOnlyList<AuditEntry> batch, string at, CancellationToken cancellationToken)
    {
        for (int attempt = 0; ; attempt++)
        {
            bool committing = false;
            try
            {
                DbConnection connection = _connection ??= await database.OpenAsync(cancellationToken).ConfigureAwait(false);
                await using DbTransaction transaction = await database.BeginWriteAsync(connection, cancellationToken).ConfigureAwait(false);
                await WriteAsync(batch, at, connection, transaction, cancellationToken).ConfigureAwait(false);
                committing = true;
                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (DbException) when (attempt == 0 && !committing)
            {
                // A connection that was kept may have died while the database was restarted: what failed before the commit is tried once more on a new one.
                await DisposeAsync().ConfigureAwait(false);
            }
            catch
            {
                await DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable? part in (IAsyncDisposable?[])[_record, _content, _connection])
        {
            try
            {
                if (part is not null) await part.DisposeAsync().ConfigureAwait(false);
            }
            catch (DbException)
            {
                // it was broken already
            }
        }
        (_record, _content, _connection) = (null, null, null);
    }

    private async Task WriteAsync(IReadOnlyList<AuditEntry> batch, string at, DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        // Another process may have written since: the chain has one end, and the transaction holds it.
        AuditMark head = await AuditMarks.ReadAsync(connection, transaction, AuditMarks.Head, cancellationToken).ConfigureAwait(false) is { } found
            ? found.Mark
            : new(0, AuditChain.Genesis);
        foreach (AuditEntry entry in batch)
        {
            string payload = AuditPayload.Complete(head.Sequence + 1, entry.Kind, entry.Request, at, entry.Members);
            string hash = chain.Link(head.Hash, payload);
            _record ??= AuditDatabase.Command(
                connection, null,
                "INSERT INTO guard_audit (sequence, kind, request, at, payload, previous, hash) VALUES (@sequence, @kind, @request, @at, @payload, @previous, @hash)",
                ("sequence", 0L), ("kind", ""), ("request", ""), ("at", ""), ("payload", ""), ("previous", ""), ("hash", ""));
            await RunAsync(_record, transaction, cancellationToken, head.Sequence + 1, entry.Kind, entry.Request, at, payload, head.Hash, hash).ConfigureAwait(false);
            foreach ((string name, (string kind, byte[] bytes)) in entry.Contents)
            {
                _content ??= AuditDatabase.Command(
                    connection, null,
                    "INSERT INTO guard_audit_content (name, kind, at, body) VALUES (@name, @kind, @at, @body) ON CONFLICT (name) DO UPDATE SET at = excluded.at",
                    ("name", ""), ("kind", ""), ("at", ""), ("body", Array.Empty<byte>()));
                await RunAsync(_content, transaction, cancellationToken, name, kind, at, bytes).ConfigureAwait(false);
            }
            head = new(head.Sequence + 1, hash);
        }
        await AuditMarks.WriteAsync(connection, transaction, AuditMarks.Head, head, chain, cancellationToken).ConfigureAwait(false);
    }

    private static async Task RunAsync(DbCommand command, DbTransaction transaction, CancellationToken cancellationToken, params object[] values)
    {
        command.Transaction = transaction;
        for (int i = 0; i < values.Length; i++) command.Parameters[i].Value = values[i];
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
