using System.Data.Common;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;

namespace SafeRlhfV.Audit;

/// <summary>Reads an audit trail: verifies it, exports it, finds records.</summary>
public sealed class AuditReader
{
    private readonly AuditDatabase database;
    private readonly AuditChain chain;

    /// <summary>Creates the reader.</summary>
    /// <param name="database">The trail; the caller's to dispose.</param>
    /// <param name="key">The key of <see cref="AuditSettings.Key"/> that it was written with, or null.</param>
    public AuditReader(AuditDatabase database, byte[]? key = null) => (this.database, chain) = (database, new(key));

    /// <summary>
    /// Checks every link, the marks, the anchors and the kept contents of all chains. Reads the trail as it stands at one moment, while others may write.
    /// </summary>
    /// <param name="expected">A head noted earlier, which must still be part of its chain; it proves that the end was not cut off. Null for none.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="InvalidInputException">The head is of another chain than the one that a trail in SQLite has.</exception>
    public Task<AuditCheck> VerifyAsync(AuditMark? expected = null, CancellationToken cancellationToken = default) =>
        VerifyAgainstAsync(new AuditExpectations { Head = expected }, cancellationToken);

    /// <summary>Checks all that <see cref="VerifyAsync(AuditMark, CancellationToken)"/> checks, and what more is known from elsewhere.</summary>
    /// <param name="expected">What is known: a head, a public key, checkpoints.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="InvalidInputException">The head is of another chain than the one that a trail in SQLite has.</exception>
    public async Task<AuditCheck> VerifyAgainstAsync(AuditExpectations expected, CancellationToken cancellationToken = default)
    {
        if (expected.Head is { } noted && noted.Chain != AuditChains.Main && !database.HasChains)
            throw new InvalidInputException($"The noted head is of chain '{noted.Chain}', but a trail in SQLite has one; give it as NUMBER:HASH.");
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using DbTransaction transaction = await AuditDatabase.BeginReadAsync(connection, cancellationToken).ConfigureAwait(false);
        return await new AuditVerification(this, connection, transaction, chain, expected).RunAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Writes the records as JSON lines, each with its hashes, chain after chain.</summary>
    /// <returns>How many were written.</returns>
    public Task<long> ExportAsync(Stream output, CancellationToken cancellationToken = default) => ExportAsync(output, new AuditExport(), cancellationToken);

    /// <summary>Writes some of the records as JSON lines, chain after chain, without gathering them.</summary>
    /// <returns>How many were written.</returns>
    public async Task<long> ExportAsync(Stream output, AuditExport export, CancellationToken cancellationToken = default)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using DbTransaction transaction = await AuditDatabase.BeginReadAsync(connection, cancellationToken).ConfigureAwait(false);
        long records = 0;
        await using StreamWriter writer = new(output, new UTF8Encoding(false), 65536, leaveOpen: true);
        string? from = export.From is { } first ? AuditPayload.Iso(first) : null, to = export.To is { } end ? AuditPayload.Iso(end) : null;
        await foreach (AuditRecord record in ReadAsync(connection, transaction, export.Chain, cancellationToken).ConfigureAwait(false))
        {
            if (from is not null && string.CompareOrdinal(record.At, from) < 0) continue;
            if (to is not null && string.CompareOrdinal(record.At, to) >= 0) continue;
            await writer.WriteAsync((export.IsOcsf ? OcsfEvent.Of(record) : AuditLines.Of(record)).AsMemory(), cancellationToken).ConfigureAwait(false);
            records++;
        }
        return records;
    }

    /// <summary>Throws where the trail is sealed with another key than the reader's: what is written with this one would not verify.</summary>
    /// <exception cref="InvalidInputException">It is.</exception>
    public async Task RequireKeyAsync(CancellationToken cancellationToken = default)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using DbTransaction transaction = await AuditDatabase.BeginReadAsync(connection, cancellationToken).ConfigureAwait(false);
        (await AuditMarks.ReadAsync(connection, transaction, cancellationToken).ConfigureAwait(false)).Require(chain);
    }

    /// <summary>The signed notes of all checkpoints, chain after chain.</summary>
    public async Task<IReadOnlyList<string>> CheckpointsAsync(CancellationToken cancellationToken = default)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        List<string> notes = [];
        await using DbCommand command = AuditDatabase.Command(connection, null, "SELECT note FROM guard_audit_checkpoint ORDER BY chain, size");
        await using DbDataReader found = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await found.ReadAsync(cancellationToken).ConfigureAwait(false)) notes.Add(found.GetString(0));
        return notes;
    }

    /// <summary>Proves that a checkpoint is the beginning of a later one of its chain, from one signed checkpoint to the next.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="from">The size of the older checkpoint.</param>
    /// <param name="to">The size of the newer one.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="InvalidInputException">The chain has no such checkpoints.</exception>
    public Task<IReadOnlyList<ConsistencyStep>> ProveAsync(string chain, long from, long to, CancellationToken cancellationToken = default) =>
        new AuditCheckpoints(database).ProveAsync(chain, from, to, cancellationToken);

    /// <summary>Keeps a time-stamp token beside the checkpoint that it covers.</summary>
    /// <returns>Whether the trail has that checkpoint.</returns>
    public Task<bool> KeepTokenAsync(AuditCheckpoint covered, byte[] token, CancellationToken cancellationToken = default) =>
        new AuditCheckpoints(database).KeepTokenAsync(covered, token, cancellationToken);

    /// <summary>The latest records about requests, the youngest first; those that were erased are left out.</summary>
    public async Task<IReadOnlyList<AuditRecord>> LatestAsync(int count, CancellationToken cancellationToken = default)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        string order = database.HasChains ? "at DESC, sequence DESC" : "sequence DESC";
        string also = database.HasChains ? "AND" : "WHERE";
        await using DbCommand command = AuditDatabase.Command(
            connection, null, $"{Requests} {also} payload <> '' ORDER BY {order} LIMIT @count", ("count", count));
        return await ListAsync(command, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>How many requests ended in each minute since a time, by outcome; the outcome is empty where the record was erased.</summary>
    /// <param name="since">The beginning of the first minute.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<IReadOnlyList<(DateTimeOffset Minute, string Outcome, long Count)>> PerMinuteAsync(
        DateTimeOffset since, CancellationToken cancellationToken = default)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);

        // A file has no index on times, but its records stand in their order: what is older than the first is not looked at.
        string where = database.HasChains
            ? $"chain <> '{AuditChains.Anchors}'"
            : "sequence > COALESCE((SELECT sequence FROM guard_audit WHERE at < @since ORDER BY sequence DESC LIMIT 1), 0)";
        string outcome = database.HasChains ? "payload::json ->> 'outcome'" : "json_extract(payload, '$.outcome')";
        await using DbCommand command = AuditDatabase.Command(connection, null, $"""
            SELECT minute, outcome, COUNT(*) FROM (
                SELECT SUBSTR(at, 1, 16) AS minute, CASE WHEN payload = '' THEN '' ELSE COALESCE({outcome}, '') END AS outcome
                FROM guard_audit WHERE {where} AND kind = 'end' AND at >= @since) AS ended
            GROUP BY minute, outcome ORDER BY minute, outcome
            """, ("since", AuditPayload.Iso(since)));
        List<(DateTimeOffset, string, long)> minutes = [];
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            DateTimeOffset minute = DateTimeOffset.Parse(reader.GetString(0) + ":00Z", CultureInfo.InvariantCulture);
            minutes.Add((minute, reader.GetString(1), reader.GetInt64(2)));
        }
        return minutes;
    }

    /// <summary>The records about one request, in their order.</summary>
    public async Task<IReadOnlyList<AuditRecord>> OfRequestAsync(string request, CancellationToken cancellationToken = default)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using DbCommand command = AuditDatabase.Command(connection, null,
            $"{Requests} {(database.HasChains ? "AND" : "WHERE")} request = @request ORDER BY sequence", ("request", request));
        return await ListAsync(command, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The requests that were erased from a chain since a record, and the number of the chain's last record.</summary>
    /// <param name="chain">The chain.</param>
    /// <param name="sequence">The record's number; null where only the last is asked for.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<(IReadOnlyList<string> Requests, long Last)> ErasedAfterAsync(
        string chain, long? sequence, CancellationToken cancellationToken = default)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using DbTransaction transaction = await AuditDatabase.BeginReadAsync(connection, cancellationToken).ConfigureAwait(false);
        long last;
        await using (DbCommand find = AuditDatabase.Command(connection, transaction,
            $"SELECT COALESCE(MAX(sequence), 0) FROM guard_audit WHERE {database.OfChain} sequence > 0", ("chain", chain)))
            last = Convert.ToInt64(await find.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false), CultureInfo.InvariantCulture);
        if (sequence is null || last == sequence) return ([], last);
        HashSet<string> requests = [];
        IReadOnlyList<AuditRecord> erasures;
        await using (DbCommand find = AuditDatabase.Command(connection, transaction,
            $"{All} WHERE {database.OfChain} sequence > @sequence AND kind = 'erasure'", ("chain", chain), ("sequence", sequence.Value)))
            erasures = await ListAsync(find, cancellationToken).ConfigureAwait(false);
        foreach (JsonNode? range in erasures.SelectMany(erasure => erasure.ReadPayload()?["records"] as JsonArray ?? []))
        {
            if (range is not JsonArray { Count: 2 }) continue;
            await using DbCommand find = AuditDatabase.Command(connection, transaction,
                $"SELECT DISTINCT request FROM guard_audit WHERE {database.OfChain} sequence BETWEEN @from AND @to",
                ("chain", chain), ("from", range[0]!.GetValue<long>()), ("to", range[1]!.GetValue<long>()));
            await using DbDataReader found = await find.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            while (await found.ReadAsync(cancellationToken).ConfigureAwait(false)) requests.Add(found.GetString(0));
        }
        return ([.. requests], last);
    }

    /// <summary>A kept text or image by the fingerprint that a record names; null where none was kept or it is gone.</summary>
    public async Task<byte[]?> ContentAsync(string name, CancellationToken cancellationToken = default)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using DbCommand command = AuditDatabase.Command(connection, null, "SELECT body FROM guard_audit_content WHERE name = @name", ("name", name));
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) as byte[];
    }

    private string All => $"SELECT {database.RecordColumns} FROM guard_audit";

    private string Requests => database.HasChains ? $"{All} WHERE chain <> '{AuditChains.Anchors}'" : All;

    /// <summary>The records of some kinds that were not erased, of all chains, in their order.</summary>
    internal async Task<IReadOnlyList<AuditRecord>> OfKindsAsync(
        DbConnection connection, DbTransaction? transaction, IReadOnlyList<string> kinds, CancellationToken cancellationToken)
    {
        string list = string.Join(", ", kinds.Select(kind => $"'{kind}'")); // words of this project
        string order = database.HasChains ? "chain, sequence" : "sequence";
        await using DbCommand command = AuditDatabase.Command(connection, transaction, $"{All} WHERE kind IN ({list}) AND payload <> '' ORDER BY {order}");
        return await ListAsync(command, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The chains that have records.</summary>
    internal async Task<IReadOnlyList<string>> ChainsAsync(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        if (!database.HasChains) return [AuditChains.Main];
        List<string> chains = [];
        await using DbCommand command = AuditDatabase.Command(connection, transaction, "SELECT DISTINCT chain FROM guard_audit");
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) chains.Add(reader.GetString(0));
        return chains;
    }

    /// <summary>The records of a chain in their order, or of all chains; those after a number.</summary>
    internal async IAsyncEnumerable<AuditRecord> ReadAsync(
        DbConnection connection, DbTransaction transaction, string? chain, [EnumeratorCancellation] CancellationToken cancellationToken, long after = 0)
    {
        string which = !database.HasChains ? "WHERE sequence > @after ORDER BY sequence"
            : chain is null ? "WHERE sequence > @after ORDER BY chain, sequence"
            : "WHERE chain = @chain AND sequence > @after ORDER BY sequence";
        await using DbCommand command = AuditDatabase.Command(connection, transaction, $"{All} {which}", ("chain", chain ?? ""), ("after", after));
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) yield return Record(reader);
    }

    /// <summary>The kept texts and images with the fingerprints they are kept by.</summary>
    internal async IAsyncEnumerable<(string, byte[])> ContentsAsync(
        DbConnection connection, DbTransaction transaction, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using DbCommand command = AuditDatabase.Command(connection, transaction, "SELECT name, body FROM guard_audit_content");
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) yield return (reader.GetString(0), reader.GetFieldValue<byte[]>(1));
    }

    private static async Task<IReadOnlyList<AuditRecord>> ListAsync(DbCommand command, CancellationToken cancellationToken)
    {
        List<AuditRecord> records = [];
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) records.Add(Record(reader));
        return records;
    }

    private static AuditRecord Record(DbDataReader reader) => new(
        reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetString(6),
        reader.GetString(7))
    {
        Digest = reader.IsDBNull(8) ? null : reader.GetString(8),
        Salt = reader.IsDBNull(9) ? null : reader.GetString(9),
    };
}
