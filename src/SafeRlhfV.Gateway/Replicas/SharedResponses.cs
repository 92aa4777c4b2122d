using System.Data.Common;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Responses in the database that gateways share: what one has answered another goes on from. With an audit key they lie there sealed. Once a minute the
/// gateway that keeps one deletes what is too old, and the oldest beyond the room that there is.
/// </summary>
internal sealed class SharedResponses(ReplicaDatabase database, ResponseSettings settings, byte[]? secret, TimeProvider clock) : IKeptResponses
{
    private static readonly TimeSpan Sweeps = TimeSpan.FromMinutes(1);
    private long swept = clock.GetTimestamp();

    public ValueTask KeepAsync(KeptResponse response, CancellationToken cancellationToken) => new(AnswerAsync<bool>(async () =>
    {
        (string owner, string id) = (response.Owner, response.Id);
        await using (NpgsqlCommand command = database.Command(ResponseTable.Keep, owner, id, response.Previous, response.Outputs, response.Caller,
            response.EndUser, secret is not null, Sealed(response.Response, owner, id, "response"), Sealed(response.Turn, owner, id, "turn"), response.Size))
            await command.ExecuteNonQueryAsync(cancellationToken);
        long before = Interlocked.Read(ref swept), now = clock.GetTimestamp();
        if (clock.GetElapsedTime(before, now) >= Sweeps && Interlocked.CompareExchange(ref swept, now, before) == before)
            await TrySweepAsync(cancellationToken);
        return true;
    }));

    public ValueTask<KeptResponse?> FindAsync(string owner, string id, CancellationToken cancellationToken) => new(AnswerAsync<KeptResponse?>(async () =>
    {
        await using NpgsqlCommand command = database.Command(ResponseTable.Find, owner, id, settings.StoreTime);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken)) return null;
        return new KeptResponse(owner, id, Previous(reader), reader.GetInt32(4), Opened(reader, 5, owner, "response"), Opened(reader, 3, owner, "turn"));
    }));

    public ValueTask<IReadOnlyList<byte[]>?> TurnsAsync(string owner, string id, CancellationToken cancellationToken) =>
        new(AnswerAsync<IReadOnlyList<byte[]>?>(async () =>
    {
        await using NpgsqlCommand command = database.Command(ResponseTable.Turns, owner, id, settings.StoreTime);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
        List<byte[]> turns = [];
        string? next = id;
        while (await reader.ReadAsync(cancellationToken))
        {
            turns.Add(Opened(reader, 3, owner, "turn"));
            next = Previous(reader);
        }
        turns.Reverse();
        return next is null ? turns : null; // else one of them is gone
    }));

    public ValueTask<bool> ForgetAsync(string owner, string id, CancellationToken cancellationToken) => new(AnswerAsync<bool>(async () =>
    {
        await using NpgsqlCommand command = database.Command(ResponseTable.Forget, owner, id, settings.StoreTime);
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0;
    }));

    /// <summary>Deletes what is too old, and the oldest beyond the room that there is.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        await using NpgsqlCommand command = database.Command(ResponseTable.Sweep, settings.StoreTime, (long)settings.StoreBytes);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    // Another gateway may be deleting; then the rest goes at the next turn.
    private async Task TrySweepAsync(CancellationToken cancellationToken)
    {
        try
        {
            await SweepAsync(cancellationToken);
        }
        catch (DbException)
        {
            // the response itself was kept; the next turn deletes
        }
    }

    private static string? Previous(NpgsqlDataReader reader) => reader.IsDBNull(1) ? null : reader.GetString(1);

    private byte[] Sealed(byte[] plain, string owner, string id, string part) =>
        secret is null ? plain : SealedBytes.Seal(secret, "stored responses"u8, plain, Place(owner, id, part));

    private byte[] Opened(NpgsqlDataReader reader, int column, string owner, string part)
    {
        byte[] all = reader.GetFieldValue<byte[]>(column);
        if (!reader.GetBoolean(2)) return all;
        return SealedBytes.Open(secret ?? throw new CryptographicException("there is no audit key here"), "stored responses"u8, all,
            Place(owner, reader.GetString(0), part));
    }

    private static byte[] Place(string owner, string id, string part) => Encoding.UTF8.GetBytes($"{owner}\n{id}\n{part}");

    private static async Task<T> AnswerAsync<T>(Func<Task<T>> ask)
    {
        try
        {
            return await ask();
        }
        catch (Exception error) when (error is DbException or TimeoutException)
        {
            throw Unavailable("The store of responses is not available at present; with \"store\": false and no previous_response_id it is not needed.");
        }
        catch (CryptographicException)
        {
            throw Unavailable("The response was sealed with another audit key than this gateway has; gateways on one database need the same (audit.key_env).");
        }
    }

    private static ApiException Unavailable(string why) => new(503, "server_error", why, "store_unavailable") { RetryAfter = TimeSpan.FromSeconds(1) };
}
