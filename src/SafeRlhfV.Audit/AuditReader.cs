using System.Data.Common;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace SafeRlhfV.Audit;

/// <summary>Reads an audit trail: verifies it, exports it, finds records.</summary>
public sealed class AuditReader
{
    private const int MostFaults = 1000;
    private readonly AuditDatabase _database;
    private readonly AuditChain _chain;

    /// <summary>Creates the reader.</summary>
    /// <param name="database">The trail; the caller's to dispose.</param>
    /// <param name="key">The key of <see cref="AuditSettings.Key"/> that it was written with, or null.</param>
    public AuditReader(AuditDatabase database, byte[]? key = null) => (_database, _chain) = (database, new(key));

    /// <summary>Checks every link, the marks, and the kept contents. Reads the trail as it stands at one moment, while others may write.</summary>
    /// <param name="expected">A head noted earlier, which must still be part of the chain; it proves that the end was not cut off. Null for none.</param>
    /// <param name="cancellationToken">Stops.</param>
    public async Task<AuditCheck> VerifyAsync(AuditMark? expected = null, CancellationToken cancellationToken = default)
    {
        List<string> faults = [];
        void Fault(string fault)
        {
            if (faults.Count < MostFaults) faults.Add(fault);
        }

        await using DbConnection connection = await _database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using DbTransaction transaction = await AuditDatabase.BeginReadAsync(connection, cancellationToken).ConfigureAwait(false);
        AuditMark start = await MarkAsync(connection, transaction, AuditMarks.Start, Fault, cancellationToken).ConfigureAwait(false)
            ?? new(0, AuditChain.Genesis);
        AuditMark? head = await MarkAsync(connection, transaction, AuditMarks.Head, Fault, cancellationToken).ConfigureAwait(false);
        AuditMark last = start;
        long records = 0;
        bool met = expected is null || expected == start || expected.Sequence < start.Sequence;
        await foreach (AuditRecord record in ReadAsync(connection, transaction, cancellationToken).ConfigureAwait(false))
        {
            records++;
            if (record.Sequence > last.Sequence + 1)
                Fault(record.Sequence == last.Sequence + 2
                    ? $"record {last.Sequence + 1} is missing"
                    : $"records {last.Sequence + 1} to {record.Sequence - 1} are missing");
            else if (record.Sequence <= last.Sequence) Fault($"record {record.Sequence} should have been deleted or is out of order");
            else if (record.Previous != last.Hash) Fault($"record {record.Sequence} does not follow the record before it");
            if (_chain.Link(record.Previous, record.Payload) != record.Hash)
                Fault($"record {record.Sequence} was changed{(_chain.IsKeyed ? ", or the key is another" : "")}");
            if (FindContradiction(record) is { } contradiction) Fault($"record {record.Sequence}: {contradiction}");
            if (record.Sequence == expected?.Sequence)
            {
                met = true;
                if (record.Hash != expected.Hash) Fault($"record {record.Sequence} is not the one that was noted");
            }
            last = new(record.Sequence, record.Hash);
        }
        if (!met) Fault($"record {expected!.Sequence}, noted earlier, is missing: the end was cut off");
        if (head is null && records > 0) Fault("the head mark is missing");
        if (head is not null && head != last) Fault($"the head mark names record {head.Sequence}, but the last is {last.Sequence}");
        await foreach ((string name, byte[] body) in ContentsAsync(connection, transaction, cancellationToken).ConfigureAwait(false))
            if (_chain.Fingerprint(body) != name) Fault($"the kept content {name} was changed");
        return new(records, last, faults, _chain.IsKeyed);
    }

    /// <summary>Writes the records as JSON lines, each with its hashes.</summary>
    /// <returns>How many were written.</returns>
    public async Task<long> ExportAsync(Stream output, CancellationToken cancellationToken = default)
    {
        await using DbConnection connection = await _database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using DbTransaction transaction = await AuditDatabase.BeginReadAsync(connection, cancellationToken).ConfigureAwait(false);
        long records = 0;
        await using StreamWriter writer = new(output, new UTF8Encoding(false), 65536, leaveOpen: true);
        await foreach (AuditRecord record in ReadAsync(connection, transaction, cancellationToken).ConfigureAwait(false))
        {
            await writer.WriteAsync($"{{\"record\":{record.Payload},\"previous\":\"{record.Previous}\",\"hash\":\"{record.Hash}\"}}\n".AsMemory(),
                cancellationToken).ConfigureAwait(false);
            records++;
        }
        return records;
    }

    /// <summary>The latest records, the youngest first.</summary>
    public async Task<IReadOnlyList<AuditRecord>> LatestAsync(int count, CancellationToken cancellationToken = default)
    {
        await using DbConnection connection = await _database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using DbCommand command = AuditDatabase.Command(connection, null, Columns + " ORDER BY sequence DESC LIMIT @count", ("count", count));
        return await ListAsync(command, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The records about one request, in their order.</summary>
    public async Task<IReadOnlyList<AuditRecord>> OfRequestAsync(string request, CancellationToken cancellationToken = default)
    {
        await using DbConnection connection = await _database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using DbCommand command = AuditDatabase.Command(connection, null, Columns + " WHERE request = @request ORDER BY sequence", ("request", request));
        return await ListAsync(command, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>A kept text or image by the fingerprint that a record names; null where none was kept or it is gone.</summary>
    public async Task<byte[]?> ContentAsync(string name, CancellationToken cancellationToken = default)
    {
        await using DbConnection connection = await _database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using DbCommand command = AuditDatabase.Command(connection, null, "SELECT body FROM guard_audit_content WHERE name = @name", ("name", name));
        return await command.ExecuteScalarAsync(cancellationToken).ConfigureAwait(false) as byte[];
    }

    private const string Columns = "SELECT sequence, kind, request, at, payload, previous, hash FROM guard_audit";

    private async Task<AuditMark?> MarkAsync(DbConnection connection, DbTransaction transaction, string name, Action<string> fault,
        CancellationToken cancellationToken)
    {
        if (await AuditMarks.ReadAsync(connection, transaction, name, cancellationToken).ConfigureAwait(false) is not { } found) return null;
        if (_chain.Seal(name, found.Mark.Sequence, found.Mark.Hash) != found.Seal)
            fault($"the {name} mark was changed{(_chain.IsKeyed ? ", or the key is another" : "")}");
        return found.Mark;
    }

    private static async IAsyncEnumerable<AuditRecord> ReadAsync(DbConnection connection, DbTransaction transaction,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using DbCommand command = AuditDatabase.Command(connection, transaction, Columns + " ORDER BY sequence");
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) yield return Record(reader);
    }

    private static async IAsyncEnumerable<(string, byte[])> ContentsAsync(DbConnection connection, DbTransaction transaction,
        [EnumeratorCancellation] CancellationToken cancellationToken)
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

    private static AuditRecord Record(DbDataReader reader) =>
        new(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetString(6));

    // The columns are only for finding records; what counts is the payload, so they must say the same.
    private static string? FindContradiction(AuditRecord record)
    {
        try
        {
            using JsonDocument payload = JsonDocument.Parse(record.Payload);
            JsonElement root = payload.RootElement;
            if (root.GetProperty("sequence").GetInt64() != record.Sequence) return "its number was changed";
            if (root.GetProperty("kind").GetString() != record.Kind) return "its kind was changed";
            if (root.GetProperty("request").GetString() != record.Request) return "its request was changed";
            return root.GetProperty("at").GetString() == record.At ? null : "its time was changed";
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return "its payload is no record";
        }
    }
}
