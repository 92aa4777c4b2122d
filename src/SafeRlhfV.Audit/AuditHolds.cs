using System.Data.Common;
using System.Text.Json;

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

    /// <summary>Demands that none is in force, for what would erase.</summary>
    /// <exception cref="InvalidInputException">One is.</exception>
    public async Task DemandNoneAsync(CancellationToken cancellationToken = default)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await DemandNoneAsync(connection, null, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Puts a hold in force.</summary>
    /// <exception cref="InvalidInputException">A text is empty, there is one of that name, or the trail is sealed with another key.</exception>
    public async Task BeginAsync(string name, string holder, string reason, CancellationToken cancellationToken = default)
    {
        foreach ((string text, string what) in ((string, string)[])[(name, "name"), (holder, "holder"), (reason, "reason")])
            if (string.IsNullOrWhiteSpace(text)) throw new InvalidInputException($"A legal hold needs a {what}; it is empty.");
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

    /// <summary>Holds the holds in force against the records of their beginnings and ends: who takes one away could delete what it keeps.</summary>
    internal static async Task CompareAsync(
        AuditReader reader, DbConnection connection, DbTransaction transaction, Action<string> tell, CancellationToken cancellationToken)
    {
        HashSet<string> recorded = [];
        foreach (AuditRecord record in await reader.OfKindsAsync(connection, transaction, ["hold", "release"], cancellationToken).ConfigureAwait(false))
        {
            try
            {
                using JsonDocument payload = JsonDocument.Parse(record.Payload);
                string name = payload.RootElement.GetProperty("name").GetString() ?? "";
                if (record.Kind == "hold") recorded.Add(name);
                else recorded.Remove(name);
            }
            catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
            {
                // told as a changed record
            }
        }
        string[] inForce = [.. (await FindAsync(connection, transaction, cancellationToken).ConfigureAwait(false)).Select(hold => hold.Name)];
        foreach (string name in recorded.Except(inForce).Order(StringComparer.Ordinal)) tell($"the legal hold '{name}' is on record, but no longer in force");
        foreach (string name in inForce.Except(recorded)) tell($"the legal hold '{name}' is in force, but no record says so");
    }

    internal static async Task DemandNoneAsync(DbConnection connection, DbTransaction? transaction, CancellationToken cancellationToken)
    {
        if (await FindAsync(connection, transaction, cancellationToken).ConfigureAwait(false) is [{ } hold, ..])
            throw new InvalidInputException($"The legal hold '{hold.Name}' of {hold.Holder} is in force ({hold.Reason}); nothing is erased.");
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
