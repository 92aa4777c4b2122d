using System.Data.Common;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Audit;

/// <summary>
/// Erases what a trail says of a person or a request: payload, salt, and the texts and images that no other record names. The links stay, so the trail stays
/// whole, and a record says how many were erased, by whom and why; it does not name the person.
/// </summary>
public sealed class AuditErasure(AuditDatabase database, byte[]? key = null, TimeProvider? clock = null)
{
    private readonly TimeProvider clock = clock ?? TimeProvider.System;
    private readonly AuditReader reader = new(database, key);

    /// <summary>What was erased.</summary>
    /// <param name="Requests">How many requests.</param>
    /// <param name="Records">How many records.</param>
    /// <param name="Contents">How many texts and images.</param>
    /// <param name="Kept">
    /// How many records of version 1 speak of the person still: their links are made of what they say, so they stay until their time is up.
    /// </param>
    public sealed record Result(long Requests, long Records, long Contents, long Kept)
    {
        /// <summary>
        /// How many of the requests had begun and not ended: where a gateway still answers them, their ends are written later and speak of the person.
        /// </summary>
        public long UnderWay { get; init; }
    }

    /// <summary>Erases a request.</summary>
    /// <param name="request">The request's id.</param>
    /// <param name="by">Who asks for it.</param>
    /// <param name="reason">Why.</param>
    /// <param name="floor">How old a record must be to be erased; null for none.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="InvalidInputException">A legal hold is in force, a record is too young, or the trail is sealed with another key.</exception>
    public async Task<Result> ForgetRequestAsync(
        string request, string by, string reason, TimeSpan? floor = null, CancellationToken cancellationToken = default)
    {
        Require(request, "the request's id");
        return await ForgetAsync([request], by, reason, floor, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Erases all requests of a person: those whose end user or caller has this name, the refused ones too.</summary>
    /// <inheritdoc cref="ForgetRequestAsync"/>
    /// <param name="subject">The end user as the caller named him, or the caller's name.</param>
    /// <param name="by">Who asks for it.</param>
    /// <param name="reason">Why.</param>
    /// <param name="floor">How old a record must be to be erased; null for none.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<Result> ForgetSubjectAsync(
        string subject, string by, string reason, TimeSpan? floor = null, CancellationToken cancellationToken = default)
    {
        Require(subject, "the subject");
        HashSet<string> requests = [];
        await using (DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false))
        await using (DbTransaction transaction = await AuditDatabase.BeginReadAsync(connection, cancellationToken).ConfigureAwait(false))
        {
            await foreach (AuditRecord record in reader.ReadAsync(connection, transaction, null, cancellationToken).ConfigureAwait(false))
            {
                if (record.Payload.Length == 0 || record.Request.Length == 0) continue;
                using JsonDocument? payload = Parse(record);
                bool speaksOf = payload is null
                    ? record.Payload.Contains(subject, StringComparison.Ordinal)
                    : Is(payload.RootElement, "user") || Is(payload.RootElement, "endUser");
                if (speaksOf) requests.Add(record.Request);
            }
        }
        return await ForgetAsync(requests, by, reason, floor, cancellationToken).ConfigureAwait(false);

        bool Is(JsonElement payload, string name) => payload.ValueKind == JsonValueKind.Object && payload.TryGetProperty(name, out JsonElement value)
            && value.ValueKind == JsonValueKind.String && value.GetString() == subject;
    }

    private async Task<Result> ForgetAsync(IReadOnlyCollection<string> requests, string by, string reason, TimeSpan? floor, CancellationToken cancellationToken)
    {
        Require(by, "who erases");
        Require(reason, "the reason");
        List<AuditRecord> found = [];
        foreach (string request in requests)
            found.AddRange((await reader.OfRequestAsync(request, cancellationToken).ConfigureAwait(false)).Where(record => !record.IsErased));
        AuditRecord[] records = [.. found.Where(record => record.Digest is not null)];
        string? youngest = floor is { } age ? AuditPayload.Iso(clock.GetUtcNow() - age) : null;
        if (youngest is not null && records.FirstOrDefault(record => string.CompareOrdinal(record.At, youngest) > 0) is { } young)
            throw new InvalidInputException($"record {young.Sequence} of {young.At} is younger than records must be kept; nothing was erased.");
        HashSet<string> contents = [];
        foreach (AuditRecord record in records)
        {
            contents.UnionWith(Names(record));
        }
        AuditJournal journal = new(database, key, clock);
        foreach (IGrouping<string, AuditRecord> chain in records.GroupBy(record => record.Chain))
        {
            JsonArray ranges = Ranges(chain.Select(record => record.Sequence).Order());
            await journal.WriteAsync(chain.Key, "erasure", [new("records", ranges), new("by", by), new("reason", reason)], async (connection, transaction, _) =>
            {
                await AuditHolds.DemandNoneAsync(connection, transaction, cancellationToken).ConfigureAwait(false);
                foreach (JsonNode? range in ranges)
                {
                    await AuditDatabase.ExecuteAsync(
                        connection,
                        $"UPDATE guard_audit SET payload = '', salt = NULL WHERE {database.OfChain} sequence BETWEEN @from AND @to AND digest IS NOT NULL",
                        cancellationToken,
                        transaction,
                        ("chain", chain.Key), ("from", range![0]!.GetValue<long>()), ("to", range[1]!.GetValue<long>())).ConfigureAwait(false);
                }
            }, cancellationToken).ConfigureAwait(false);
        }
        long gone = contents.Count == 0 ? 0 : await DeleteAsync(contents, cancellationToken).ConfigureAwait(false);
        if (records.Length > 0) await database.WipeAsync(cancellationToken).ConfigureAwait(false);
        return new(records.Select(record => record.Request).Distinct().Count(), records.Length, gone, found.Count - records.Length)
        {
            UnderWay = records.GroupBy(record => record.Request)
                .Count(request => request.Any(record => record.Kind == "prompt") && request.All(record => record.Kind != "end")),
        };
    }

    private static void Require(string text, string what)
    {
        if (string.IsNullOrWhiteSpace(text)) throw new InvalidInputException($"Nothing was erased: {what} is empty.");
    }

    // A text may be another's too: what records that stay name, stays. A gateway may write such a record meanwhile. So the whole trail is read without holding
    // writers up; then, while none can commit a record that names one of the texts, what was added since, and only then are the texts deleted.
    private async Task<long> DeleteAsync(HashSet<string> contents, CancellationToken cancellationToken)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        Dictionary<string, long> seen = []; // by chain: the last record that was read
        await using (DbTransaction reading = await AuditDatabase.BeginReadAsync(connection, cancellationToken).ConfigureAwait(false))
            await SpareAsync(reading, await reader.ChainsAsync(connection, reading, cancellationToken).ConfigureAwait(false)).ConfigureAwait(false);
        if (contents.Count == 0) return 0;
        await using DbTransaction transaction = await AuditDatabase.BeginDeletionAsync(connection, contents, cancellationToken).ConfigureAwait(false);
        AuditMarks marks = await AuditMarks.ReadAsync(connection, transaction, cancellationToken).ConfigureAwait(false);
        await SpareAsync(transaction, marks.Chains).ConfigureAwait(false);
        long gone = 0;
        foreach (string name in contents)
        {
            await using DbCommand command = AuditDatabase.Command(
                connection, transaction, "DELETE FROM guard_audit_content WHERE name = @name", ("name", name));
            gone += await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
        }
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return gone;

        async Task SpareAsync(DbTransaction within, IEnumerable<string> chains)
        {
            foreach (string chain in chains)
            {
                long after = seen.GetValueOrDefault(chain);
                await foreach (AuditRecord record in reader.ReadAsync(connection, within, chain, cancellationToken, after).ConfigureAwait(false))
                {
                    seen[chain] = record.Sequence;
                    if (record.Payload.Length > 0 && record.Kind is ("prompt" or "end")) contents.ExceptWith(Names(record));
                }
            }
        }
    }

    // Null where the record was changed so that it is no JSON; it is searched as the text that it is then, since a person's data must go all the same.
    private static JsonDocument? Parse(AuditRecord record)
    {
        try
        {
            return JsonDocument.Parse(record.Payload);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static IReadOnlyList<string> Names(AuditRecord record)
    {
        using JsonDocument? payload = Parse(record);
        return [.. payload is null ? PayloadContents.NamesInSpoilt(record.Payload) : PayloadContents.Names(payload.RootElement)];
    }

    private static JsonArray Ranges(IEnumerable<long> ordered)
    {
        JsonArray ranges = [];
        (long From, long To)? open = null;
        foreach (long sequence in ordered)
        {
            if (open is { } range && sequence == range.To + 1)
            {
                open = (range.From, sequence);
                continue;
            }
            if (open is { } done) ranges.Add(new JsonArray(done.From, done.To));
            open = (sequence, sequence);
        }
        if (open is { } last) ranges.Add(new JsonArray(last.From, last.To));
        return ranges;
    }
}
