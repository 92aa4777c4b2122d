using Npgsql;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Erases the responses that gateways keep of a person or a request in their database, beside what <see cref="AuditErasure"/> erases of the trail there.
/// A gateway that keeps them in its own memory sees in the trail what was erased, and forgets it within ten seconds.
/// </summary>
public static class StoredResponsesErasure
{
    /// <summary>Erases them; conversations that went on from an erased response cannot go on.</summary>
    /// <param name="trail">The address of the trail; nothing is kept beside one that is not in PostgreSQL.</param>
    /// <param name="request">The request's id; null for none.</param>
    /// <param name="subject">The end user as the caller named him, or the caller's name; null for none.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <returns>How many were erased.</returns>
    /// <exception cref="InvalidInputException">A legal hold is in force.</exception>
    /// <exception cref="System.Data.Common.DbException">The database cannot be used.</exception>
    public static async Task<long> ForgetAsync(string trail, string? request, string? subject, CancellationToken cancellationToken = default)
    {
        if (!trail.StartsWith(ReplicaDatabase.Scheme, StringComparison.Ordinal)) return 0;
        await using (AuditDatabase database = AuditDatabase.Of(trail)) await new AuditHolds(database).DemandNoneAsync(cancellationToken);
        await using NpgsqlDataSource source = NpgsqlDataSource.Create(trail[ReplicaDatabase.Scheme.Length..]);
        await using (NpgsqlCommand find = source.CreateCommand("SELECT to_regclass('guard_response') IS NOT NULL"))
            if (await find.ExecuteScalarAsync(cancellationToken) is not true) return 0;
        await using NpgsqlCommand erase = source.CreateCommand(ResponseTable.Erase);
        foreach (string? value in (string?[])[request is null ? null : ResponseStore.NameOf(request), subject])
            erase.Parameters.Add(new NpgsqlParameter { Value = (object?)value ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        long erased = await erase.ExecuteNonQueryAsync(cancellationToken);
        if (erased == 0) return 0;
        await using NpgsqlCommand wipe = source.CreateCommand("VACUUM guard_response"); // takes them off the disk's pages
        await wipe.ExecuteNonQueryAsync(cancellationToken);
        return erased;
    }
}
