using System.Data.Common;
using System.Globalization;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Audit;

/// <summary>
/// Deletes old records from the beginning of each chain, and old contents. What a run deletes stands in the trail before it is deleted.
/// </summary>
/// <remarks>
/// A clock that jumps ahead makes everything old at once. So a run deletes at most the records of the oldest day, and nothing where the records on both sides
/// of the limit lie further apart than records are kept (a month at least): then either the clock is wrong, or a person must say that it is right.
/// </remarks>
internal sealed class AuditRetention(AuditDatabase database, AuditSettings settings, AuditChain chain, AuditAnchors anchors)
{
    private static readonly TimeSpan Step = TimeSpan.FromDays(1), LeastGap = TimeSpan.FromDays(30);

    /// <summary>Why the last run deleted less than the settings ask for, or null.</summary>
    public string? HeldBack { get; private set; }

    /// <summary>Deletes what is old.</summary>
    /// <param name="now">The time.</param>
    /// <param name="isConfirmed">Whether a person has said that the time is right: then all that is old goes at once.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<(long Records, long Contents)> ApplyAsync(DateTimeOffset now, bool isConfirmed, CancellationToken cancellationToken)
    {
        HeldBack = null;
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        if (await AuditHolds.FindAsync(connection, null, cancellationToken).ConfigureAwait(false) is [{ } hold, ..])
        {
            HeldBack = $"the legal hold '{hold.Name}' of {hold.Holder} is in force ({hold.Reason})";
            return default;
        }
        List<Cut> cuts = [];
        if (settings.RecordRetention is { } keep)
        {
            // The chain of anchors loses its beginning too: every head stands at its end before.
            if (settings.Chain != AuditChains.Main) await anchors.WriteAsync(all: true, AuditPayload.Iso(now), cancellationToken).ConfigureAwait(false);
            cuts = await PlanAsync(connection, now - keep, now, keep, isConfirmed, cancellationToken).ConfigureAwait(false);
            if (cuts.Count == 0 && HeldBack is not null) return default; // a wrong clock would take the contents too
        }
        else if (settings.ContentRetention is { } alone)
        {
            await PlanAsync(connection, now - alone, now, alone, isConfirmed, cancellationToken).ConfigureAwait(false);
            if (HeldBack is not null && !HeldBack.StartsWith(DayByDay, StringComparison.Ordinal)) return default;
            HeldBack = null;
        }
        string? contentsBefore = (settings.ContentRetention ?? settings.RecordRetention) is { } contentKeep ? AuditPayload.Iso(now - contentKeep) : null;
        long oldContents = contentsBefore is null ? 0 : await CountAsync(connection, contentsBefore, cancellationToken).ConfigureAwait(false);
        if (cuts.Any(cut => cut.Last is not null) || oldContents > 0)
            await RecordAsync(connection, cuts, contentsBefore, oldContents, now, cancellationToken).ConfigureAwait(false);

        long records = 0;
        foreach (Cut cut in cuts) records += await ApplyAsync(connection, cut, now, cancellationToken).ConfigureAwait(false);
        return (records, oldContents == 0 ? 0 : await DeleteContentsAsync(connection, contentsBefore!, cancellationToken).ConfigureAwait(false));
    }

    private const string DayByDay = "the records of one day are deleted at a time";

    // What would go from each chain; a chain from which nothing goes may still end.
    private async Task<List<Cut>> PlanAsync(
        DbConnection connection, DateTimeOffset limit, DateTimeOffset now, TimeSpan keep, bool isConfirmed, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> chains = await ChainsAsync(connection, cancellationToken).ConfigureAwait(false);
        if (!isConfirmed)
        {
            DateTimeOffset? oldest = null, youngestOld = null, oldestStaying = null;
            foreach (string name in chains)
            {
                (DateTimeOffset? first, DateTimeOffset? before, DateTimeOffset? after) =
                    await TimesAsync(connection, name, AuditPayload.Iso(limit), cancellationToken).ConfigureAwait(false);
                if (before is null) continue;
                oldest = oldest is null || first < oldest ? first : oldest;
                youngestOld = youngestOld is null || before > youngestOld ? before : youngestOld;
                if (after is not null) oldestStaying = oldestStaying is null || after < oldestStaying ? after : oldestStaying;
            }
            TimeSpan gap = (oldestStaying ?? now) - (youngestOld ?? now);
            if (gap >= (keep > LeastGap ? keep : LeastGap))
            {
                HeldBack = $"all records up to {youngestOld:u} would be deleted at once, and the next is {Math.Floor(gap.TotalDays):0} days younger: "
                    + "the clock may be wrong. If it is right, 'safe-rlhf-v audit retain' deletes them";
                return [];
            }
            if (oldest is { } begin && begin + Step < limit)
            {
                HeldBack = $"{DayByDay}; the oldest are {Math.Floor((limit - begin).TotalDays):0} days past their time";
                limit = begin + Step;
            }
        }
        List<Cut> cuts = [];
        foreach (string name in chains) cuts.Add(await CutAsync(connection, name, AuditPayload.Iso(limit), cancellationToken).ConfigureAwait(false));
        return cuts;
    }

    private async Task RecordAsync(
        DbConnection connection, List<Cut> cuts, string? contentsBefore, long contents, DateTimeOffset now, CancellationToken cancellationToken)
    {
        JsonArray deleted = [.. cuts.Where(cut => cut.Last is not null).Select(cut => (JsonNode)new JsonObject
        {
            ["chain"] = cut.Chain,
            ["through"] = cut.Last!.Sequence,
            ["hash"] = cut.Last.Hash,
        })];
        AuditEntry entry = new(settings.Chain, "retention", "", AuditPayload.OfEvent(
        [
            new("chains", deleted),
            new("contentsBefore", contentsBefore),
            new("contents", contents),
        ]), null);
        await using DbTransaction transaction = await AuditDatabase.BeginWriteAsync(connection, settings.Chain, cancellationToken).ConfigureAwait(false);
        using (IAuditInserts inserts = AuditDatabase.Inserts(connection))
            await AuditWriter.AppendAsync([entry], AuditPayload.Iso(now), chain, inserts, transaction, [], cancellationToken).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<long> ApplyAsync(DbConnection connection, Cut cut, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using DbTransaction transaction = await AuditDatabase.BeginWriteAsync(connection, cut.Chain, cancellationToken).ConfigureAwait(false);
        long records = 0;
        if (cut.Last is { } last)
        {
            await AuditMarks.WriteAsync(connection, transaction, AuditMarks.Start, last, chain, cancellationToken).ConfigureAwait(false);
            await using DbCommand command = AuditDatabase.Command(connection, transaction,
                $"DELETE FROM guard_audit WHERE {database.OfChain} sequence <= @limit", ("limit", last.Sequence), ("chain", cut.Chain));
            records = await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }

        // Gateways come and go with their names. A chain that has no records left ends; one that is written again begins anew.
        if (cut.Chain is not (AuditChains.Main or AuditChains.Anchors)
            && await AuditMarks.ReadAsync(connection, transaction, AuditMarks.Start, cut.Chain, cancellationToken).ConfigureAwait(false) is { } start
            && await AuditMarks.ReadAsync(connection, transaction, AuditMarks.Head, cut.Chain, cancellationToken).ConfigureAwait(false) is { } head
            && start.Mark == head.Mark)
        {
            await anchors.RetireAsync(connection, transaction, head.Mark, AuditPayload.Iso(now), cancellationToken).ConfigureAwait(false);
            await AuditDatabase.ExecuteAsync(connection, "DELETE FROM guard_audit_checkpoint WHERE chain = @chain", cancellationToken, transaction,
                ("chain", cut.Chain)).ConfigureAwait(false);
        }
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return records;
    }

    private static async Task<long> CountAsync(DbConnection connection, string limit, CancellationToken cancellationToken)
    {
        await using DbCommand command = AuditDatabase.Command(connection, null, "SELECT COUNT(*) FROM guard_audit_content WHERE at < @limit", ("limit", limit));
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) is long count ? count : 0;
    }

    private async Task<long> DeleteContentsAsync(DbConnection connection, string limit, CancellationToken cancellationToken)
    {
        // What a gateway is writing again just now is not old.
        string old = database.HasChains ? "name IN (SELECT name FROM guard_audit_content WHERE at < @limit FOR UPDATE SKIP LOCKED)" : "at < @limit";
        await using DbCommand command = AuditDatabase.Command(connection, null, $"DELETE FROM guard_audit_content WHERE {old}", ("limit", limit));
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<string>> ChainsAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        if (!database.HasChains) return [AuditChains.Main];
        await using DbTransaction transaction = await AuditDatabase.BeginReadAsync(connection, cancellationToken).ConfigureAwait(false);
        return [.. (await AuditMarks.ReadAsync(connection, transaction, cancellationToken).ConfigureAwait(false)).Chains];
    }

    // the times of a chain's first record, of the last before the limit, and of the first after it
    private async Task<(DateTimeOffset?, DateTimeOffset?, DateTimeOffset?)> TimesAsync(
        DbConnection connection, string name, string limit, CancellationToken cancellationToken)
    {
        await using DbCommand command = AuditDatabase.Command(connection, null, $"""
            SELECT (SELECT at FROM guard_audit WHERE {database.OfChain} TRUE ORDER BY sequence LIMIT 1),
                (SELECT at FROM guard_audit WHERE {database.OfChain} sequence < COALESCE(({First}), 9223372036854775807) ORDER BY sequence DESC LIMIT 1),
                (SELECT at FROM guard_audit WHERE {database.OfChain} sequence = ({First}))
            """, ("limit", limit), ("chain", name));
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        await reader.ReadAsync(cancellationToken).ConfigureAwait(false);
        return (Time(0), Time(1), Time(2));

        DateTimeOffset? Time(int column) => reader.IsDBNull(column) ? null : DateTimeOffset.Parse(reader.GetString(column), CultureInfo.InvariantCulture);
    }

    // Only a beginning of a chain may go: the last old record that has no younger one before it; of a chain that is signed, one that a checkpoint ends
    // with, for the tree goes on from there.
    private async Task<Cut> CutAsync(DbConnection connection, string name, string limit, CancellationToken cancellationToken)
    {
        AuditMark? last = await MarkAsync(connection, name, $"sequence < COALESCE(({First}), 9223372036854775807)", limit, 0, cancellationToken)
            .ConfigureAwait(false);
        if (last is null) return new(name, null);
        if (await AuditCheckpoints.LastUpToAsync(connection, null, name, long.MaxValue, cancellationToken).ConfigureAwait(false) is not null)
        {
            last = await AuditCheckpoints.LastUpToAsync(connection, null, name, last.Sequence, cancellationToken).ConfigureAwait(false) is { } signed
                ? await MarkAsync(connection, name, "sequence = @sequence", limit, signed.Last, cancellationToken).ConfigureAwait(false)
                : null;
        }
        return new(name, last);
    }

    private async Task<AuditMark?> MarkAsync(
        DbConnection connection, string name, string which, string limit, long sequence, CancellationToken cancellationToken)
    {
        await using DbCommand command = AuditDatabase.Command(connection, null,
            $"SELECT sequence, hash FROM guard_audit WHERE {database.OfChain} {which} ORDER BY sequence DESC LIMIT 1",
            ("limit", limit), ("chain", name), ("sequence", sequence));
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        return await reader.ReadAsync(cancellationToken).ConfigureAwait(false) ? new(reader.GetInt64(0), reader.GetString(1), name) : null;
    }

    private string First => $"SELECT MIN(sequence) FROM guard_audit WHERE {database.OfChain} at >= @limit";

    private sealed record Cut(string Chain, AuditMark? Last);
}
