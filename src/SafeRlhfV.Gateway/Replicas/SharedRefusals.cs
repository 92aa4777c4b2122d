using System.Collections.Concurrent;
using System.Data.Common;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Tells the other gateways on the database which turns this one has refused, and learns theirs, within about a second: so a chat that goes on at another
/// gateway is not refused once more for a turn before. Fingerprints alone are told, sealed where there is an audit key, and kept for a day.
/// </summary>
internal sealed partial class SharedRefusals : BackgroundService
{
    private const int Most = 10_000; // waiting, and at once
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1), Day = TimeSpan.FromDays(1), Overlap = TimeSpan.FromSeconds(30);

    private readonly ReplicaDatabase database;
    private readonly RefusedTurns turns;
    private readonly string gateway;
    private readonly byte[]? secret;
    private readonly TimeProvider clock;
    private readonly ILogger<SharedRefusals> log;
    private readonly ConcurrentQueue<RefusedTurn> waiting = new();
    private long? learnt;
    private bool isAway;

    public SharedRefusals(
        ReplicaDatabase database, RefusedTurns turns, string gateway, byte[]? secret, TimeProvider clock, ILogger<SharedRefusals> log)
    {
        (this.database, this.turns, this.gateway, this.secret, this.clock, this.log) = (database, turns, gateway, secret, clock, log);
        turns.Remembered += turn =>
        {
            if (waiting.Count < Most) waiting.Enqueue(turn);
        };
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await TellAsync(stoppingToken);
                await LearnAsync(stoppingToken);
                isAway = false;
            }
            catch (Exception error) when (error is DbException or TimeoutException)
            {
                if (!isAway) LogAway(error.GetType().Name);
                isAway = true;
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await Task.Delay(Pause, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task TellAsync(CancellationToken cancellationToken)
    {
        while (waiting.TryPeek(out RefusedTurn? turn))
        {
            byte[] plain = JsonSerializer.SerializeToUtf8Bytes(turn), told = secret is null ? plain : SealedBytes.Seal(secret, Use, plain);
            await using NpgsqlCommand command = database.Command(
                "INSERT INTO guard_refused (gateway, is_sealed, turn) VALUES ($1, $2, $3)", gateway, secret is not null, told);
            await command.ExecuteNonQueryAsync(cancellationToken);
            waiting.TryDequeue(out _);
        }
    }

    // Those of a day at first, then those since the last time; the overlap is for rows that became visible late.
    private async Task LearnAsync(CancellationToken cancellationToken)
    {
        long now = clock.GetTimestamp();
        TimeSpan since = learnt is { } before ? clock.GetElapsedTime(before, now) + Overlap : Day;
        if (since > Day) since = Day;
        await using (NpgsqlCommand command = database.Command(
            "SELECT is_sealed, turn FROM guard_refused WHERE at >= statement_timestamp() - $1 AND gateway <> $2 ORDER BY at DESC LIMIT $3",
            since, gateway, Most))
        {
            await using NpgsqlDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
                if (Read(reader.GetBoolean(0), reader.GetFieldValue<byte[]>(1)) is { } turn) turns.Learn(turn);
        }
        if (learnt is null || clock.GetElapsedTime(learnt.Value, now) > Overlap / 2)
        {
            await using NpgsqlCommand delete = database.Command("DELETE FROM guard_refused WHERE at < statement_timestamp() - $1", Day);
            await delete.ExecuteNonQueryAsync(cancellationToken);
        }
        learnt = now;
    }

    // What another key has sealed, or nobody can read, is not learnt: the turn is judged and refused again.
    private RefusedTurn? Read(bool isSealed, byte[] told)
    {
        try
        {
            return JsonSerializer.Deserialize<RefusedTurn>(!isSealed ? told : SealedBytes.Open(secret ?? throw new CryptographicException(), Use, told));
        }
        catch (Exception error) when (error is JsonException or CryptographicException)
        {
            return null;
        }
    }

    private static ReadOnlySpan<byte> Use => "refused turns"u8;

    [LoggerMessage(LogLevel.Warning, "Refused turns are not shared with the other gateways at present ({Kind}).")]
    private partial void LogAway(string kind);
}
