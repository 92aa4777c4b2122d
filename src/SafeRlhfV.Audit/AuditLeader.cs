using System.Data.Common;

namespace SafeRlhfV.Audit;

/// <summary>
/// Chooses one of the processes that share a trail for what only one should do: anchors and retention. PostgreSQL's advisory lock decides; it falls free when
/// the connection of the process that holds it ends. A trail in a file has one writer, who leads always.
/// </summary>
public sealed class AuditLeader(AuditDatabase database) : IAsyncDisposable
{
    private DbConnection? connection;

    /// <summary>Whether this process leads now, or becomes the leader because there is none.</summary>
    /// <exception cref="DbException">The database cannot be reached.</exception>
    public async ValueTask<bool> TryLeadAsync(CancellationToken cancellationToken = default)
    {
        if (!database.HasChains) return true;
        if (this.connection is not null)
        {
            try
            {
                await AuditDatabase.ExecuteAsync(this.connection, "SELECT 1", cancellationToken).ConfigureAwait(false);
                return true;
            }
            catch (Exception error) when (IsBroken(error))
            {
                await DisposeAsync().ConfigureAwait(false); // and the lock went with the connection
            }
        }
        DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await using DbCommand command = AuditDatabase.Command(connection, null, "SELECT pg_try_advisory_lock(@class, 0)",
                ("class", AuditDatabase.LockClass + 1));
            if (await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is true) (this.connection, connection) = (connection, null!);
            return this.connection is not null;
        }
        finally
        {
            if (connection is not null) await connection.DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Gives the lead to another.</summary>
    public async ValueTask DisposeAsync()
    {
        if (connection is not { } held) return;
        connection = null;
        try
        {
            // a pool keeps the connection
            await AuditDatabase.ExecuteAsync(held, "SELECT pg_advisory_unlock_all()", CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error) when (IsBroken(error))
        {
            // the lock is free
        }
        await held.DisposeAsync().ConfigureAwait(false);
    }

    // a connection that is known to be closed is said to be used wrongly
    private static bool IsBroken(Exception error) => error is DbException or InvalidOperationException;
}
