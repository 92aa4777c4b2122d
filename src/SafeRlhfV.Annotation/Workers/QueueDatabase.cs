using Npgsql;

namespace SafeRlhfV.Annotation;

/// <summary>The queue's tables in PostgreSQL. Statements are tried again while the database is away for a moment.</summary>
internal sealed class QueueDatabase : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    // workers that start side by side on an empty database would trip over each other without the lock
    private const string Tables = """
        SELECT pg_advisory_xact_lock(729114511);
        CREATE TABLE IF NOT EXISTS saferlhfv_job (
            job TEXT PRIMARY KEY, kind TEXT NOT NULL, identity TEXT NOT NULL, token TEXT NOT NULL, target TEXT NOT NULL, items BIGINT NOT NULL,
            began TIMESTAMPTZ NOT NULL DEFAULT now(), finished TIMESTAMPTZ);
        CREATE TABLE IF NOT EXISTS saferlhfv_shard (
            job TEXT NOT NULL REFERENCES saferlhfv_job ON DELETE CASCADE, shard INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'waiting',
            worker TEXT, claim TEXT, lease TIMESTAMPTZ,
            attempts INTEGER NOT NULL DEFAULT 0, items BIGINT NOT NULL DEFAULT 0, cost DOUBLE PRECISION NOT NULL DEFAULT 0,
            fault TEXT, changed TIMESTAMPTZ NOT NULL DEFAULT now(),
            PRIMARY KEY (job, shard));
        CREATE INDEX IF NOT EXISTS saferlhfv_shard_open ON saferlhfv_shard (job, attempts, shard) WHERE state IN ('waiting', 'claimed');
        """;

    private readonly NpgsqlDataSource source;
    private readonly string name;
    private bool isReady;

    /// <summary>A database by its address.</summary>
    /// <exception cref="InvalidInputException">The address is wrong.</exception>
    public QueueDatabase(string address)
    {
        NpgsqlConnectionStringBuilder connection = new(QueueAddress.Read(address));
        (source, name) = (NpgsqlDataSource.Create(connection), $"{connection.Host}:{connection.Port}/{connection.Database}");
    }

    /// <summary>Runs work over a connection, again where the connection broke. The work must be right to do twice.</summary>
    /// <exception cref="ServiceException">The database cannot be reached, or refuses.</exception>
    public async Task<T> RunAsync<T>(Func<NpgsqlConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        for (long start = Environment.TickCount64; ;)
            try
            {
                await using NpgsqlConnection connection = await source.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
                if (!isReady) await ExecuteAsync(connection, Tables, cancellationToken).ConfigureAwait(false);
                isReady = true;
                return await work(connection).ConfigureAwait(false);
            }
            catch (Exception error) when (error is NpgsqlException or TimeoutException or System.Net.Sockets.SocketException)
            {
                bool isOver = !isReady || Environment.TickCount64 - start > Patience.TotalMilliseconds;
                if (isOver || error is PostgresException { IsTransient: false })
                    throw new ServiceException($"the queue ({name}) cannot be used: {ErrorText.FirstLine(error).TrimEnd('.')}; "
                        + "start PostgreSQL or mend --queue.", error);
                await Task.Delay(500, cancellationToken).ConfigureAwait(false);
            }
    }

    /// <summary>Runs a statement.</summary>
    /// <returns>Rows that it changed.</returns>
    public static async Task<int> ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object?[] values)
    {
        await using NpgsqlCommand command = Command(connection, sql, values);
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Runs a query.</summary>
    public static async Task<List<T>> QueryAsync<T>(NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read,
        CancellationToken cancellationToken,
        params object?[] values)
    {
        await using NpgsqlCommand command = Command(connection, sql, values);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        List<T> rows = [];
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) rows.Add(read(reader));
        return rows;
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, object?[] values)
    {
        NpgsqlCommand command = new(sql, connection);
        foreach (object? value in values) command.Parameters.Add(new NpgsqlParameter { Value = value ?? DBNull.Value });
        return command;
    }
}
