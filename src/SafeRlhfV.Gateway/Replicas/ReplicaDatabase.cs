using System.Data;
using Npgsql;

namespace SafeRlhfV.Gateway;

/// <summary>What gateways share in PostgreSQL beside the audit trail: limits, keys and policy, and what protects the dashboard's sessions.</summary>
internal sealed class ReplicaDatabase : IDisposable
{
    /// <summary>What the address of a trail in PostgreSQL begins with.</summary>
    public const string Scheme = "postgres:";

    public const string Keys = "keys", Policy = "policy";
    private const int Seconds = 5; // the longest that a statement may take

    private readonly NpgsqlDataSource source;

    /// <summary>Opens the database of the audit trail and makes the tables.</summary>
    /// <exception cref="ServiceException">It cannot be reached or used.</exception>
    /// <exception cref="InvalidInputException">Its connection string is wrong.</exception>
    public ReplicaDatabase(GatewaySettings settings)
    {
        NpgsqlDataSource? source = null;
        try
        {
            source = NpgsqlDataSource.Create(settings.AuditTrail![Scheme.Length..]);
            using NpgsqlCommand command = source.CreateCommand(ReplicaTables.Create);
            command.ExecuteNonQuery();
            this.source = source;
        }
        catch (Exception error) when (error is NpgsqlException or TimeoutException or ArgumentException)
        {
            source?.Dispose();
            string what = $"replicas: the PostgreSQL of audit.trail cannot be used ({error.Message.ReplaceLineEndings(" ")}); limits, keys and policy are "
                + "shared there.";
            throw error is ArgumentException ? new InvalidInputException(what, error) : new ServiceException(what, error);
        }
    }

    public void Dispose() => source.Dispose();

    /// <summary>The versions in force, by kind.</summary>
    public Dictionary<string, SharedVersion> Read()
    {
        using NpgsqlConnection connection = source.OpenConnection();
        return Read(connection);
    }

    /// <summary>Puts texts in force, each as a new version, where they differ from those that are, and tells all gateways.</summary>
    /// <param name="bodies">The texts by kind.</param>
    /// <param name="publisher">Who says so.</param>
    /// <param name="onlyMissing">Whether to leave a kind that has a version as it is.</param>
    /// <returns>The versions then in force.</returns>
    public Dictionary<string, SharedVersion> Publish(IReadOnlyDictionary<string, string> bodies, string publisher, bool onlyMissing)
    {
        using NpgsqlConnection connection = source.OpenConnection();
        using NpgsqlTransaction transaction = connection.BeginTransaction(IsolationLevel.ReadCommitted);
        Run(connection, "LOCK TABLE guard_settings IN SHARE ROW EXCLUSIVE MODE"); // readers go on
        Dictionary<string, SharedVersion> before = Read(connection);
        foreach ((string kind, string body) in bodies)
        {
            if (before.TryGetValue(kind, out SharedVersion? now) && (onlyMissing || now.Body == body)) continue;
            Run(connection, ReplicaTables.Publish, kind, publisher, body);
            Run(connection, "SELECT pg_notify($1, $2)", ReplicaTables.Channel, kind);
        }
        Dictionary<string, SharedVersion> after = Read(connection);
        transaction.Commit();
        return after;
    }

    /// <summary>A connection that hears of new versions.</summary>
    public async Task<NpgsqlConnection> ListenAsync(CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = await source.OpenConnectionAsync(cancellationToken);
        try
        {
            await using NpgsqlCommand command = new($"LISTEN {ReplicaTables.Channel}", connection);
            await command.ExecuteNonQueryAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>Takes out of a limit's bucket.</summary>
    /// <param name="name">The limit.</param>
    /// <param name="perMinute">What it allows a minute, which is what the bucket holds.</param>
    /// <param name="wanted">How much to take if it is there.</param>
    /// <param name="owed">What was used beyond what was taken.</param>
    /// <returns>How much was taken, and what is left; below zero where the bucket owes.</returns>
    public async Task<(double Granted, double Level)> LeaseAsync(string name, double perMinute, double wanted, double owed)
    {
        await using NpgsqlCommand command = source.CreateCommand(ReplicaTables.Lease);
        command.CommandTimeout = Seconds;
        command.Parameters.AddWithValue(name);
        foreach (double value in (double[])[perMinute, wanted, owed]) command.Parameters.Add(new NpgsqlParameter<double> { TypedValue = value });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return (reader.GetDouble(0), reader.GetDouble(1));
    }

    /// <summary>A statement with its values in order; null stands for nothing known.</summary>
    public NpgsqlCommand Command(string text, params ReadOnlySpan<object?> values)
    {
        NpgsqlCommand command = source.CreateCommand(text);
        command.CommandTimeout = Seconds;
        foreach (object? value in values) command.Parameters.AddWithValue(value ?? DBNull.Value);
        return command;
    }

    /// <summary>Runs something while no other gateway runs it.</summary>
    public void Alone(Action action)
    {
        using NpgsqlConnection connection = source.OpenConnection();
        using NpgsqlTransaction transaction = connection.BeginTransaction();
        using NpgsqlCommand wait = new("SELECT pg_advisory_xact_lock(729114506)", connection) { CommandTimeout = 60 }; // several may start on a busy machine
        wait.ExecuteNonQuery();
        action();
        transaction.Commit();
    }

    /// <summary>The keys that protect sessions, as XML.</summary>
    public List<string> ReadSessionKeys()
    {
        List<string> keys = [];
        using NpgsqlCommand command = source.CreateCommand("SELECT xml FROM guard_session_key ORDER BY name");
        using NpgsqlDataReader reader = command.ExecuteReader();
        while (reader.Read()) keys.Add(reader.GetString(0));
        return keys;
    }

    public void AddSessionKey(string name, string xml)
    {
        using NpgsqlConnection connection = source.OpenConnection();
        Run(connection, "INSERT INTO guard_session_key (name, xml) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET xml = excluded.xml", name, xml);
    }

    /// <summary>Ends a session for all gateways, and forgets those that would have ended by now.</summary>
    public async Task SignOutAsync(string session, DateTimeOffset ends)
    {
        await using NpgsqlCommand command = source.CreateCommand("""
            WITH past AS (DELETE FROM guard_signed_out WHERE ends < now() AND session <> $1)
            INSERT INTO guard_signed_out (session, ends) VALUES ($1, $2) ON CONFLICT (session) DO NOTHING
            """);
        command.CommandTimeout = Seconds;
        command.Parameters.AddWithValue(session);
        command.Parameters.AddWithValue(ends.UtcDateTime);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<bool> IsSignedOutAsync(string session, CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = source.CreateCommand("SELECT 1 FROM guard_signed_out WHERE session = $1");
        command.CommandTimeout = Seconds;
        command.Parameters.AddWithValue(session);
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }

    private static Dictionary<string, SharedVersion> Read(NpgsqlConnection connection)
    {
        Dictionary<string, SharedVersion> versions = [];
        using NpgsqlCommand command = new(ReplicaTables.Read, connection) { CommandTimeout = Seconds };
        using NpgsqlDataReader reader = command.ExecuteReader();
        while (reader.Read()) versions[reader.GetString(0)] = new(reader.GetInt64(1), reader.GetString(2));
        return versions;
    }

    private static void Run(NpgsqlConnection connection, string text, params ReadOnlySpan<string> values)
    {
        using NpgsqlCommand command = new(text, connection) { CommandTimeout = Seconds };
        foreach (string value in values) command.Parameters.AddWithValue(value);
        command.ExecuteNonQuery();
    }
}
