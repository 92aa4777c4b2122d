using System.Data.Common;
using System.Text;
using Npgsql;

namespace SafeRlhfV.Audit;

/// <summary>Inserts into PostgreSQL: everything in one message, so that a batch costs one way to the server and back, however many records it holds.</summary>
internal sealed class PostgresInserts(NpgsqlConnection connection) : IAuditInserts
{
    public async ValueTask<AuditMark?> ReadHeadAsync(string chain, DbTransaction transaction, CancellationToken cancellationToken) =>
        (await AuditMarks.ReadAsync(connection, transaction, AuditMarks.Head, chain, cancellationToken).ConfigureAwait(false))?.Mark;

    public async Task InsertAsync(IReadOnlyList<AuditRow> rows, AuditMark head, string seal, DbTransaction transaction, CancellationToken cancellationToken)
    {
        await using NpgsqlBatch batch = new(connection, (NpgsqlTransaction)transaction);
        SortedDictionary<string, (string Kind, byte[] Bytes)>? contents = null;
        foreach (AuditRow row in rows)
        {
            Add(
                batch,
                "INSERT INTO guard_audit (chain, sequence, kind, request, at, payload, previous, hash, digest, salt) "
                    + "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                head.Chain, row.Sequence, row.Entry.Kind, row.Entry.Request, row.At, Encoding.UTF8.GetString(row.Payload.Span), row.Previous, row.Hash,
                row.Digest, row.Salt);
            if (row.Entry.Contents is null) continue;
            contents ??= new(StringComparer.Ordinal);
            foreach ((string name, (string, byte[]) content) in row.Entry.Contents) contents[name] = content;
        }

        // Gateways that keep the same texts at one moment take the rows in one order, by name; otherwise each could wait for the other.
        foreach ((string name, (string kind, byte[] bytes)) in contents ?? [])
        {
            Add(
                batch,
                "INSERT INTO guard_audit_content (name, kind, at, body) VALUES ($1, $2, $3, $4) "
                    + "ON CONFLICT (name) DO UPDATE SET at = GREATEST(guard_audit_content.at, excluded.at)",
                name, kind, rows[0].At, bytes);
        }
        Add(
            batch,
            "INSERT INTO guard_audit_mark (name, sequence, hash, seal) VALUES ($1, $2, $3, $4) "
                + "ON CONFLICT (name) DO UPDATE SET sequence = excluded.sequence, hash = excluded.hash, seal = excluded.seal",
            AuditMarks.Name(AuditMarks.Head, head.Chain), head.Sequence, head.Hash, seal);
        await batch.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false);
    }

    public void Dispose()
    {
        // a batch leaves nothing behind
    }

    private static void Add(NpgsqlBatch batch, string text, params ReadOnlySpan<object> values)
    {
        NpgsqlBatchCommand command = new(text);
        foreach (object value in values) command.Parameters.Add(new NpgsqlParameter { Value = value });
        batch.BatchCommands.Add(command);
    }
}
