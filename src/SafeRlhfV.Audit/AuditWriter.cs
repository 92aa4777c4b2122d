using System.Data.Common;
using System.Security.Cryptography;

namespace SafeRlhfV.Audit;

/// <summary>
/// Writes records to the end of a chain, a batch a transaction. Connection and statements are kept from batch to batch: opening, setting up and compiling
/// them anew costs several times what the writing does. After any fault they are made anew.
/// </summary>
internal sealed class AuditWriter(AuditDatabase database, AuditChain chain) : IAsyncDisposable
{
    private const int SaltBytes = 16;
    private readonly List<AuditRow> rows = [];
    private readonly List<AuditRow> doubtful = [], resolved = [];
    private DbConnection? connection;
    private IAuditInserts? inserts;

    /// <summary>What the last batch became.</summary>
    public IReadOnlyList<AuditRow> Written => rows;

    /// <summary>Records of earlier batches whose commit seemed to fail, and that were found to stand when the last batch was written.</summary>
    public IReadOnlyList<AuditRow> Resolved => resolved;

    /// <summary>Writes a batch whole or not at all. All its entries go into one chain.</summary>
    public async Task WriteAsync(IReadOnlyList<AuditEntry> batch, string at, CancellationToken cancellationToken)
    {
        resolved.Clear();
        for (int attempt = 0; ; attempt++)
        {
            bool committing = false;
            try
            {
                database.CheckPresence();
                DbConnection connection = this.connection ??= await database.OpenAsync(cancellationToken).ConfigureAwait(false);
                IAuditInserts inserts = this.inserts ??= AuditDatabase.Inserts(connection);
                await using DbTransaction transaction = await AuditDatabase.BeginWriteAsync(connection, batch[0].Chain, cancellationToken)
                    .ConfigureAwait(false);
                List<AuditRow> standing = await FindStandingAsync(connection, transaction, cancellationToken).ConfigureAwait(false);
                await AppendAsync(batch, at, chain, inserts, transaction, rows, cancellationToken).ConfigureAwait(false);
                committing = true;
                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                resolved.AddRange(standing);
                doubtful.Clear();
                return;
            }
            catch (DbException) when (attempt == 0 && !committing)
            {
                // A connection that was kept may have died while the database was restarted: what failed before the commit is tried once more on a new one.
                await DisposeAsync().ConfigureAwait(false);
            }
            catch
            {
                if (committing) doubtful.AddRange(rows); // the answer to a commit can be lost though the commit was done
                await DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }
    }

    private async Task<List<AuditRow>> FindStandingAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        List<AuditRow> standing = [];
        foreach (AuditRow row in doubtful)
        {
            await using DbCommand command = AuditDatabase.Command(connection, transaction,
                $"SELECT COUNT(*) FROM guard_audit WHERE {database.OfChain} sequence = @sequence AND hash = @hash",
                ("chain", row.Entry.Chain), ("sequence", row.Sequence), ("hash", row.Hash));
            if (await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is > 0L) standing.Add(row);
        }
        return standing;
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            inserts?.Dispose();
            if (connection is not null) await connection.DisposeAsync().ConfigureAwait(false);
        }
        catch (DbException)
        {
            // it was broken already
        }
        (inserts, connection) = (null, null);
    }

    /// <summary>Appends a batch to its chain within a transaction that holds the chain's end.</summary>
    public static async Task AppendAsync(
        IReadOnlyList<AuditEntry> batch, string at, AuditChain chain, IAuditInserts inserts, DbTransaction transaction, List<AuditRow> rows,
        CancellationToken cancellationToken)
    {
        // Another process may have written since: the chain has one end, and the transaction holds it.
        string name = batch[0].Chain;
        AuditMark head = await inserts.ReadHeadAsync(name, transaction, cancellationToken).ConfigureAwait(false) ?? AuditMark.Empty(name);
        rows.Clear();
        byte[] salts = RandomNumberGenerator.GetBytes(SaltBytes * batch.Count);
        foreach (AuditEntry entry in batch)
        {
            byte[] payload = AuditPayload.Complete(head.Sequence + 1, entry, at);
            ReadOnlySpan<byte> salt = salts.AsSpan(SaltBytes * rows.Count, SaltBytes);
            string digest = AuditChain.PayloadDigest(salt, payload);
            string hash = chain.Link(head.Hash, AuditChain.Leaf(head.Sequence + 1, at, entry.Kind, entry.Request, name, digest));
            rows.Add(new(head.Sequence + 1, entry, at, payload, head.Hash, hash, digest, Convert.ToHexStringLower(salt)));
            head = new(head.Sequence + 1, hash, name);
        }
        await inserts.InsertAsync(rows, head, chain.Seal(AuditMarks.Head, head), transaction, cancellationToken).ConfigureAwait(false);
    }
}
