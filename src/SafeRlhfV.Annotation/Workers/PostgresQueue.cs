using Npgsql;

namespace SafeRlhfV.Annotation;

/// <summary>
/// A job's shards in PostgreSQL. A claim takes a free shard with FOR UPDATE SKIP LOCKED and holds it for the lease; who gives no sign of life for so long
/// loses it. Times are the database's, so that the clocks of workers do not matter.
/// </summary>
internal sealed class PostgresQueue(WorkerOptions options) : IWorkQueue
{
    private readonly QueueDatabase database = new(options.Queue!);

    public Task ReachAsync(CancellationToken cancellationToken) => database.RunAsync(_ => Task.FromResult(true), cancellationToken);

    public async Task JoinAsync(Func<string> token, IShardedWork work, string target, Action begin, CancellationToken cancellationToken)
    {
        string? known = await FindAsync().ConfigureAwait(false);
        if (known is null) begin();
        string own = token();
        if (known is null)
        {
            await database.RunAsync(async connection =>
            {
                await using NpgsqlTransaction transaction = await connection.BeginTransactionAsync(cancellationToken).ConfigureAwait(false);
                int inserted = await QueueDatabase.ExecuteAsync(connection,
                    "INSERT INTO saferlhfv_job (job, kind, identity, token, target, items) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
                    cancellationToken, options.Job, work.Kind, work.Identity, own, Path.GetFullPath(target), work.Items).ConfigureAwait(false);
                if (inserted == 1)
                    await QueueDatabase.ExecuteAsync(connection, "INSERT INTO saferlhfv_shard (job, shard) SELECT $1, generate_series(0, $2 - 1)",
                        cancellationToken, options.Job, work.Shards).ConfigureAwait(false);
                await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
                return true;
            }, cancellationToken).ConfigureAwait(false);
            known = await FindAsync().ConfigureAwait(false); // another worker may have been faster
        }
        if (known != own)
            throw new InvalidInputException($"the queue's job '{options.Job}' works in another folder; give all its workers the same shared --work.");

        // the token of the queue's job, which must be of this work; null where there is no such job yet
        async Task<string?> FindAsync()
        {
            List<(string Kind, string Identity, string Token)> jobs =
                await database.RunAsync(connection => JobAsync(connection, cancellationToken), cancellationToken).ConfigureAwait(false);
            if (jobs.Count == 0) return null;
            return jobs[0].Kind == work.Kind && jobs[0].Identity == work.Identity ? jobs[0].Token
                : throw new InvalidInputException($"the queue's job '{options.Job}' is other work "
                    + $"({(jobs[0].Kind == work.Kind ? "its settings, data or size of shards differ" : $"a 'data {jobs[0].Kind}'")}); "
                    + "name another one with --job.");
        }
    }

    public Task<ShardClaim?> ClaimAsync(CancellationToken cancellationToken) => database.RunAsync<ShardClaim?>(async connection =>
    {
        string token = $"{Guid.NewGuid():N}";
        await QueueDatabase.ExecuteAsync(connection, """
            UPDATE saferlhfv_shard SET state = 'failed', claim = NULL, lease = NULL, changed = now(),
                fault = coalesce(fault, 'its workers were lost, the last one was ' || worker)
            WHERE job = $1 AND (state = 'claimed' AND lease < now() OR state = 'waiting' AND fault IS NOT NULL) AND attempts >= $2
            """, cancellationToken, options.Job, options.Attempts).ConfigureAwait(false);
        List<int> claimed = await QueueDatabase.QueryAsync(connection, """
            WITH free AS (
                SELECT shard FROM saferlhfv_shard WHERE job = $1 AND attempts < $2 AND (state = 'waiting' OR state = 'claimed' AND lease < now())
                ORDER BY attempts, shard LIMIT 1 FOR UPDATE SKIP LOCKED)
            UPDATE saferlhfv_shard AS mine SET state = 'claimed', worker = $3, claim = $4, lease = now() + $5 * interval '1 second',
                attempts = attempts + 1, changed = now()
            FROM free WHERE mine.job = $1 AND mine.shard = free.shard RETURNING mine.shard
            """, reader => reader.GetInt32(0), cancellationToken, options.Job, options.Attempts, options.Worker, token,
            options.Lease.TotalSeconds).ConfigureAwait(false);
        return claimed.Count == 0 ? null : new ShardClaim(claimed[0], token);
    }, cancellationToken);

    public async Task<double?> BeatAsync(ShardClaim claim, long items, double cost, CancellationToken cancellationToken) =>
        await ChangeAsync(claim, "lease = now() + $4 * interval '1 second', items = $5, cost = $6, changed = now()", cancellationToken,
            options.Lease.TotalSeconds, items,
            cost).ConfigureAwait(false)
            ? (await database.RunAsync(connection =>
                QueueDatabase.QueryAsync(connection, "SELECT coalesce(sum(cost), 0) FROM saferlhfv_shard WHERE job = $1 AND shard <> $2",
                reader => reader.GetDouble(0), cancellationToken, options.Job, claim.Shard), cancellationToken).ConfigureAwait(false))[0]
            : null;

    public Task CompleteAsync(ShardClaim claim, ShardCounts counts, CancellationToken cancellationToken)
    {
        string fault = string.Join("; ", counts.Failures.Take(3).Select(failure => $"{failure.Value} times: {failure.Key}"));
        return ChangeAsync(claim, """
            state = CASE WHEN $4 = '' THEN 'done' WHEN attempts < $5 THEN 'waiting' ELSE 'failed' END,
            claim = NULL, lease = NULL, fault = nullif($4, ''), items = $6, cost = $7, changed = now()
            """, cancellationToken, fault, options.Attempts, counts.Items, counts.Cost);
    }

    public Task ReleaseAsync(ShardClaim claim) =>
        ChangeAsync(claim, "state = 'waiting', claim = NULL, lease = NULL, attempts = attempts - 1, changed = now()", CancellationToken.None);

    public async Task<QueueProgress> ProgressAsync(CancellationToken cancellationToken) =>
        (await database.RunAsync(connection => QueueDatabase.QueryAsync(connection, """
        SELECT count(*) FILTER (WHERE state IN ('waiting', 'claimed')), coalesce(sum(items), 0)::BIGINT, coalesce(sum(cost), 0)
        FROM saferlhfv_shard WHERE job = $1
        """, reader => new QueueProgress((int)reader.GetInt64(0), reader.GetInt64(1), reader.GetDouble(2)), cancellationToken, options.Job), cancellationToken)
        .ConfigureAwait(false))[0];

    public Task FinishAsync(Action last, CancellationToken cancellationToken) => database.RunAsync(async connection =>
    {
        // held by the connection: it is free again when this process ends, however it ends
        await using (NpgsqlCommand hold = new("SELECT pg_advisory_lock(729114512, hashtext($1))", connection) { CommandTimeout = 0 })
        {
            hold.Parameters.Add(new NpgsqlParameter { Value = options.Job });
            await hold.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
        try
        {
            List<bool> open = await QueueDatabase.QueryAsync(connection, "SELECT finished IS NULL FROM saferlhfv_job WHERE job = $1",
                reader => reader.GetBoolean(0), cancellationToken, options.Job).ConfigureAwait(false);
            if (!open.Contains(true)) return false;
            last();
            await QueueDatabase.ExecuteAsync(connection, "UPDATE saferlhfv_job SET finished = now() WHERE job = $1", cancellationToken, options.Job)
                .ConfigureAwait(false);
            return true;
        }
        finally
        {
            await QueueDatabase.ExecuteAsync(connection, "SELECT pg_advisory_unlock(729114512, hashtext($1))", CancellationToken.None, options.Job)
                .ConfigureAwait(false);
        }
    }, cancellationToken);

    public ValueTask DisposeAsync() => database.DisposeAsync();

    /// <summary>Changes a shard as long as the claim holds.</summary>
    private Task<bool> ChangeAsync(ShardClaim claim, string change, CancellationToken cancellationToken, params object?[] values) =>
        database.RunAsync(async connection =>
        await QueueDatabase.ExecuteAsync(connection, $"UPDATE saferlhfv_shard SET {change} WHERE job = $1 AND shard = $2 AND claim = $3 AND state = 'claimed'",
            cancellationToken,
            [options.Job, claim.Shard, claim.Token, .. values]).ConfigureAwait(false) == 1, cancellationToken);

    private Task<List<(string Kind, string Identity, string Token)>> JobAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        QueueDatabase.QueryAsync(connection,
        "SELECT kind, identity, token FROM saferlhfv_job WHERE job = $1", reader => (reader.GetString(0), reader.GetString(1), reader.GetString(2)),
        cancellationToken,
            options.Job);
}
