using System.Data;
using System.Data.Common;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace SafeRlhfV.Audit;

/// <summary>Where an audit trail lies: SQLite in a file, or PostgreSQL shared by several gateways.</summary>
public sealed class AuditDatabase : IAsyncDisposable
{
    /// <summary>The first number of this project's advisory locks in PostgreSQL.</summary>
    internal const int LockClass = 729114503;

    private const string SqliteSettings = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;";

    private readonly bool isPostgres;
    private readonly NpgsqlDataSource? postgres;
    private readonly string connection;
    private readonly string? file;
    private bool isReady;

    private AuditDatabase(bool isPostgres, string connection, string? file = null)
    {
        (this.isPostgres, this.connection, this.file) = (isPostgres, connection, file);
        if (isPostgres) postgres = NpgsqlDataSource.Create(connection);
    }

    /// <summary>A file; it is made where it is missing.</summary>
    public static AuditDatabase Sqlite(string path) =>
        new(false, new SqliteConnectionStringBuilder { DataSource = Path.GetFullPath(path), Pooling = true, DefaultTimeout = 5 }.ToString(),
            Path.GetFullPath(path));

    /// <summary>A PostgreSQL database by its connection string.</summary>
    public static AuditDatabase Postgres(string connection) => new(true, connection);

    /// <summary>By an address: <c>sqlite:PATH</c> or <c>postgres:CONNECTION STRING</c>.</summary>
    /// <exception cref="InvalidInputException">It is neither.</exception>
    public static AuditDatabase Of(string address)
    {
        if (address.StartsWith("sqlite:", StringComparison.Ordinal) && address.Length > 7) return Sqlite(address[7..]);
        try
        {
            if (address.StartsWith("postgres:", StringComparison.Ordinal) && address.Length > 9) return Postgres(address[9..]);
        }
        catch (ArgumentException error)
        {
            throw new InvalidInputException($"The audit database's connection string is wrong ({error.Message.ReplaceLineEndings(" ")}).", error);
        }
        throw new InvalidInputException($"'{address}' names no audit database; give sqlite:PATH or postgres:CONNECTION STRING.");
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        if (postgres is not null) return postgres.DisposeAsync();
        using SqliteConnection connection = new(this.connection);
        SqliteConnection.ClearPool(connection);
        return ValueTask.CompletedTask;
    }

    /// <summary>
    /// Throws where the file that held the trail has been taken away: an open connection would go on writing into nothing, and a new one would begin another
    /// trail.
    /// </summary>
    internal void CheckPresence()
    {
        if (isReady && file is not null && !File.Exists(file)) throw new FileNotFoundException("The audit trail's file is missing.", file);
    }

    /// <summary>Throws where there is no trail: reading must not make an empty one, or tables in another program's database.</summary>
    /// <exception cref="InvalidInputException">The file cannot be opened, or the database holds no trail.</exception>
    /// <exception cref="ServiceException">PostgreSQL cannot be reached, or refuses.</exception>
    public async Task RequireTrailAsync(CancellationToken cancellationToken = default)
    {
        string place = file ?? "the PostgreSQL database";
        if (file is not null && !File.Exists(file))
            throw new InvalidInputException($"There is no audit trail at {file}: no such file.");
        string find = isPostgres ? "SELECT to_regclass('guard_audit') IS NOT NULL" : "SELECT COUNT(*) FROM sqlite_master WHERE name = 'guard_audit'";
        try
        {
            await using DbConnection connection = postgres is not null ? postgres.CreateConnection() : new SqliteConnection(this.connection);
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            await using DbCommand command = Command(connection, null, find);
            if (await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is true or > 0L) return;
        }
        catch (NpgsqlException error)
        {
            NpgsqlConnectionStringBuilder address = new(connection);
            throw new ServiceException($"the PostgreSQL of the audit trail ({address.Host}:{address.Port}/{address.Database}) cannot be used: "
                + $"{ErrorText.FirstLine(error).TrimEnd('.')}; start it, or mend the address.", error);
        }
        catch (DbException error)
        {
            throw new InvalidInputException($"{place}: cannot be read as an audit trail ({ErrorText.FirstLine(error).TrimEnd('.')}).", error);
        }
        throw new InvalidInputException($"{place} is a database, but holds no audit trail; give the gateway's audit database.");
    }

    /// <summary>Writes something and waits for the disk, as a record does; throws where that fails.</summary>
    internal async Task ProbeAsync(string chain, string at, CancellationToken cancellationToken)
    {
        await using DbConnection connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
        await ExecuteAsync(
            connection,
            "INSERT INTO guard_audit_probe (chain, at) VALUES (@chain, @at) ON CONFLICT (chain) DO UPDATE SET at = excluded.at",
            cancellationToken,
            null,
            ("chain", chain), ("at", at)).ConfigureAwait(false);
    }

    /// <summary>Takes erased values off the disk, where the database would keep them for a while.</summary>
    internal async Task WipeAsync(CancellationToken cancellationToken)
    {
        await using DbConnection connection = await OpenAsync(cancellationToken).ConfigureAwait(false);
        string wipe = isPostgres ? "VACUUM guard_audit; VACUUM guard_audit_content" : "PRAGMA wal_checkpoint(TRUNCATE)";
        foreach (string statement in wipe.Split(';')) await ExecuteAsync(connection, statement, cancellationToken).ConfigureAwait(false);
    }

    // SQLite would make it readable for all; its -wal and -shm files get the same rights as the file.
    private static void CreatePrivate(string file)
    {
        if (File.Exists(file)) return;
        try
        {
            PrivateFile.Create(file, FileMode.CreateNew).Dispose();
        }
        catch (IOException) when (File.Exists(file))
        {
            // another writer was faster
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SqliteException($"SQLite Error 14: '{ErrorText.FirstLine(error)}'", 14); // SQLITE_CANTOPEN: a database that is not available
        }
    }

    internal async Task<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        CheckPresence();
        if (!isReady && file is not null) CreatePrivate(file);
        DbConnection connection = postgres is not null ? postgres.CreateConnection() : new SqliteConnection(this.connection);
        try
        {
            await connection.OpenAsync(cancellationToken).ConfigureAwait(false);
            if (!isPostgres) await ExecuteAsync(connection, SqliteSettings, cancellationToken).ConfigureAwait(false);
            if (!isReady)
            {
                await ExecuteAsync(connection, isPostgres ? AuditTables.Postgres : AuditTables.Sqlite, cancellationToken).ConfigureAwait(false);
                if (connection is SqliteConnection sqlite) await MigrateAsync(sqlite, cancellationToken).ConfigureAwait(false);
                isReady = true;
            }
            return connection;
        }
        catch
        {
            await connection.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    private static async Task MigrateAsync(SqliteConnection connection, CancellationToken cancellationToken)
    {
        if (await HasDigestsAsync(null).ConfigureAwait(false)) return;
        await using DbTransaction transaction = connection.BeginTransaction(deferred: false); // of several processes one adds the columns
        if (!await HasDigestsAsync(transaction).ConfigureAwait(false))
            await ExecuteAsync(connection, AuditTables.SqliteDigests, cancellationToken, transaction).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);

        async Task<bool> HasDigestsAsync(DbTransaction? transaction)
        {
            await using DbCommand command = Command(connection, transaction, AuditTables.SqliteHasDigests);
            return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is > 0L;
        }
    }

    /// <summary>What inserts over a connection of this kind.</summary>
    internal static IAuditInserts Inserts(DbConnection connection) =>
        connection is SqliteConnection sqlite ? new SqliteInserts(sqlite) : new PostgresInserts((NpgsqlConnection)connection);

    /// <summary>Whether several chains can stand in it: PostgreSQL.</summary>
    internal bool HasChains => isPostgres;

    /// <summary>The columns of a record, for <see cref="AuditReader"/>.</summary>
    internal string RecordColumns =>
        $"sequence, kind, request, at, payload, previous, hash, {(isPostgres ? "chain" : $"'{AuditChains.Main}'")}, digest, salt";

    /// <summary>The condition that picks the records of the chain <c>@chain</c>, to be followed by others.</summary>
    internal string OfChain => isPostgres ? "chain = @chain AND" : "";

    /// <summary>A transaction that no other writer's of the same chain can overlap: a chain has one end.</summary>
    internal static async Task<DbTransaction> BeginWriteAsync(DbConnection connection, string chain, CancellationToken cancellationToken)
    {
        if (connection is SqliteConnection sqlite) return sqlite.BeginTransaction(deferred: false);
        DbTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);
        await LockAsync(connection, transaction, chain, cancellationToken).ConfigureAwait(false);
        return transaction;
    }

    /// <summary>
    /// A transaction that no record naming one of some contents can be committed beside: who writes one waits, and then keeps the content anew. Contents that
    /// are not there, and so cannot be held, are taken out of the set.
    /// </summary>
    internal static async Task<DbTransaction> BeginDeletionAsync(DbConnection connection, HashSet<string> contents, CancellationToken cancellationToken)
    {
        if (connection is SqliteConnection sqlite) return sqlite.BeginTransaction(deferred: false);
        DbTransaction transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, cancellationToken).ConfigureAwait(false);
        HashSet<string> held = [];
        await using (DbCommand command = Command(
            connection, transaction, "SELECT name FROM guard_audit_content WHERE name = ANY(@names) ORDER BY name FOR UPDATE", ("names", contents.ToArray())))
        await using (DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false))
            while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) held.Add(reader.GetString(0)); // in the order of PostgresInserts
        contents.IntersectWith(held);
        return transaction;
    }

    /// <summary>Holds a chain's end until a transaction on PostgreSQL ends. For the main chain it is the lock that builds with one chain took.</summary>
    internal static Task LockAsync(DbConnection connection, DbTransaction transaction, string chain, CancellationToken cancellationToken) =>
        chain == AuditChains.Main
            ? ExecuteAsync(connection, "SELECT pg_advisory_xact_lock(@class::bigint)", cancellationToken, transaction, ("class", LockClass))
            : ExecuteAsync(connection, "SELECT pg_advisory_xact_lock(@class, @chain)", cancellationToken, transaction,
                ("class", LockClass), ("chain", AuditChains.LockKey(chain)));

    /// <summary>A transaction that sees the trail as it stands at one moment.</summary>
    internal static async Task<DbTransaction> BeginReadAsync(DbConnection connection, CancellationToken cancellationToken) =>
        connection is SqliteConnection sqlite
        ? sqlite.BeginTransaction(deferred: true)
        : await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken).ConfigureAwait(false);

    internal static DbCommand Command(DbConnection connection, DbTransaction? transaction, string text, params (string Name, object Value)[] parameters)
    {
        DbCommand command = connection.CreateCommand();
        command.CommandText = text;
        command.Transaction = transaction;
        foreach ((string name, object value) in parameters)
        {
            DbParameter parameter = command.CreateParameter();
            (parameter.ParameterName, parameter.Value) = (name, value);
            command.Parameters.Add(parameter);
        }
        return command;
    }

    internal static async Task ExecuteAsync(DbConnection connection, string text, CancellationToken cancellationToken, DbTransaction? transaction = null,
        params (string, object)[] parameters)
    {
        await using DbCommand command = Command(connection, transaction, text, parameters);
        await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }
}
