namespace SafeRlhfV.Annotation;

/// <summary>Looks at the jobs of a queue and mends them.</summary>
public static class QueueAdministration
{
    /// <summary>All jobs, or one.</summary>
    /// <param name="queue">The queue's address.</param>
    /// <param name="job">The job; null for all.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    /// <exception cref="InvalidInputException">The address is wrong, or there is no such job.</exception>
    /// <exception cref="ServiceException">The database cannot be reached.</exception>
    public static async Task<IReadOnlyList<JobStatus>> StatusAsync(string queue, string? job, CancellationToken cancellationToken)
    {
        await using QueueDatabase database = new(queue);
        List<JobStatus> jobs = await database.RunAsync(connection => QueueDatabase.QueryAsync(connection, """
            SELECT job, kind, target, job.items, began, finished, count(shard), count(*) FILTER (WHERE state = 'waiting'), count(*) FILTER (WHERE state =
                'claimed'),
                count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state = 'failed'), coalesce(sum(shard.items), 0)::BIGINT, coalesce(sum(cost), 0)
            FROM saferlhfv_job AS job LEFT JOIN saferlhfv_shard AS shard USING (job) WHERE $1 = '' OR job = $1
            GROUP BY job, kind, target, job.items, began, finished ORDER BY began
            """, reader => new JobStatus
        {
            Job = reader.GetString(0),
            Kind = reader.GetString(1),
            Target = reader.GetString(2),
            Items = reader.GetInt64(3),
            Began = reader.GetFieldValue<DateTimeOffset>(4),
            Finished = reader.IsDBNull(5) ? null : reader.GetFieldValue<DateTimeOffset>(5),
            Shards = (int)reader.GetInt64(6),
            Waiting = (int)reader.GetInt64(7),
            Claimed = (int)reader.GetInt64(8),
            Done = (int)reader.GetInt64(9),
            Failed = (int)reader.GetInt64(10),
            ItemsDone = reader.GetInt64(11),
            Cost = reader.GetDouble(12),
        }, cancellationToken, job ?? ""), cancellationToken).ConfigureAwait(false);
        if (job is null) return jobs;
        if (jobs.Count == 0) throw Unknown(job);
        List<ShardStatus> shards = await database.RunAsync(connection => QueueDatabase.QueryAsync(connection, """
            SELECT shard, state, worker, attempts, items, fault, extract(epoch FROM lease - now())::DOUBLE PRECISION FROM saferlhfv_shard
            WHERE job = $1 AND (state IN ('claimed', 'failed') OR state = 'waiting' AND fault IS NOT NULL) ORDER BY shard
            """, reader => new ShardStatus(reader.GetInt32(0), reader.GetString(1), Text(reader, 2), reader.GetInt32(3), reader.GetInt64(4), Text(reader, 5),
                reader.IsDBNull(6) ? null : Math.Round(reader.GetDouble(6), 1)), cancellationToken, job), cancellationToken).ConfigureAwait(false);
        return [jobs[0] with { Remarkable = shards }];

        static string? Text(Npgsql.NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
    }

    /// <summary>Hands out the failed shards of a job again. What was paid for is not asked again.</summary>
    /// <returns>How many.</returns>
    /// <exception cref="InvalidInputException">The address is wrong, or there is no such job.</exception>
    /// <exception cref="ServiceException">The database cannot be reached.</exception>
    public static async Task<int> RetryAsync(string queue, string job, CancellationToken cancellationToken)
    {
        await StatusAsync(queue, job, cancellationToken).ConfigureAwait(false);
        await using QueueDatabase database = new(queue);
        return await database.RunAsync(async connection =>
        {
            int shards = await QueueDatabase.ExecuteAsync(connection,
                "UPDATE saferlhfv_shard SET state = 'waiting', attempts = 0, changed = now() WHERE job = $1 AND state = 'failed'", cancellationToken, job)
                    .ConfigureAwait(false);
            if (shards > 0)
                await QueueDatabase.ExecuteAsync(connection, "UPDATE saferlhfv_job SET finished = NULL WHERE job = $1", cancellationToken, job)
                    .ConfigureAwait(false);
            return shards;
        }, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes a job out of the queue. Its folders stay.</summary>
    /// <exception cref="InvalidInputException">The address is wrong, or there is no such job.</exception>
    /// <exception cref="ServiceException">The database cannot be reached.</exception>
    public static async Task RemoveAsync(string queue, string job, CancellationToken cancellationToken)
    {
        await using QueueDatabase database = new(queue);
        if (await database.RunAsync(connection => QueueDatabase.ExecuteAsync(connection, "DELETE FROM saferlhfv_job WHERE job = $1", cancellationToken, job),
            cancellationToken)
            .ConfigureAwait(false) == 0)
            throw Unknown(job);
    }

    private static InvalidInputException Unknown(string job) => new($"the queue has no job '{job}'; 'data queue status' lists them.");
}
