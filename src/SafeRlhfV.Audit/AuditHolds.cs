using System.Data.Common;

namespace SafeRlhfV.Audit;

/// <summary>The legal holds of a trail. Each is on record when it begins and when it ends.</summary>
public sealed class AuditHolds(AuditDatabase database, byte[]? key = null, TimeProvider? clock = null)
{
    private readonly AuditJournal journal = new(database, key, clock ?? TimeProvider.System);

    /// <summary>The holds in force.</summary>
    public async Task<IReadOnlyList<AuditHold>> ListAsync(CancellationToken cancellationToken = default)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        return await FindAsync(connection, null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Puts a hold in force.</summary>
    /// <exception cref="InvalidInputException">There is one of that name, or the trail is sealed with another key.</exception>
    public async Task BeginAsync(string name, string holder, string reason, CancellationToken cancellationToken = default)
    {
        if ((await ListAsync(cancellationToken).ConfigureAwait(false)).Any(hold => hold.Name == name))
            throw new InvalidInputException($"There is a legal hold '{name}' already.");
        await journal.WriteAsync(AuditChains.Main, "hold", [new("name", name), new("by", holder), new("reason", reason)],
            (connection, transaction, at) => AuditDatabase.ExecuteAsync(
                connection,
                "INSERT INTO guard_audit_hold (name, at, holder, reason) VALUES (@name, @at, @holder, @reason)",
                cancellationToken,
                transaction,
                ("name", name), ("at", at), ("holder", holder), ("reason", reason)), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Ends a hold.</summary>
    /// <exception cref="InvalidInputException">There is none of that name, or the trail is sealed with another key.</exception>
    public async Task EndAsync(string name, string by, string reason, CancellationToken cancellationToken = default)
    {
        if (!(await ListAsync(cancellationToken).ConfigureAwait(false)).Any(hold => hold.Name == name))
            throw new InvalidInputException($"There is no legal hold '{name}'.");
        await journal.WriteAsync(AuditChains.Main, "release", [new("name", name), new("by", by), new("reason", reason)],
            (connection, transaction, _) => AuditDatabase.ExecuteAsync(
                connection, "DELETE FROM guard_audit_hold WHERE name = @name", cancellationToken, transaction, ("name", name)), cancellationToken)
            .ConfigureAwait(false);
    }

    internal static async Task<IReadOnlyList<AuditHold>> FindAsync(DbConnection connection, DbTransaction? transaction, CancellationToken cancellationToken)
    {
        List<AuditHold> holds = [];
        await using DbCommand command = AuditDatabase.Command(
            connection, transaction, "SELECT name, at, holder, reason FROM guard_audit_hold ORDER BY at, name");
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
            holds.Add(new(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetString(3)));
        return holds;
    }
}
