using System.Data.Common;
using System.Text;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SafeRlhfV.Audit;

/// <summary>
/// Inserts into SQLite by its own statements, with UTF-8 as it is: ADO.NET's parameters cost several times what the insert itself does, and the whole trail is
/// written by one thread.
/// </summary>
internal sealed class SqliteInserts : IAuditInserts
{
    private const int LongestShort = 256;
    private readonly sqlite3 database;
    private readonly sqlite3_stmt record, content, readHead, moveHead;

    public SqliteInserts(SqliteConnection connection)
    {
        database = connection.Handle!;
        record = Prepare("INSERT INTO guard_audit (sequence, kind, request, at, payload, previous, hash, digest, salt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
        readHead = Prepare("SELECT sequence, hash FROM guard_audit_mark WHERE name = ?");
        moveHead = Prepare("INSERT INTO guard_audit_mark (name, sequence, hash, seal) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET sequence = "
            + "excluded.sequence, hash = excluded.hash, seal = excluded.seal");
        content = Prepare("INSERT INTO guard_audit_content (name, kind, at, body) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at");
    }

    public ValueTask<AuditMark?> ReadHeadAsync(string chain, DbTransaction transaction, CancellationToken cancellationToken)
    {
        Check(raw.sqlite3_bind_text(readHead, 1, AuditMarks.Head));
        int result = raw.sqlite3_step(readHead);
        AuditMark? head = result == raw.SQLITE_ROW ? new(raw.sqlite3_column_int64(readHead, 0), raw.sqlite3_column_text(readHead, 1).utf8_to_string()) : null;
        raw.sqlite3_reset(readHead);
        if (result is not (raw.SQLITE_ROW or raw.SQLITE_DONE)) Check(result);
        return ValueTask.FromResult(head);
    }

    public Task InsertAsync(IReadOnlyList<AuditRow> rows, AuditMark head, string seal, DbTransaction transaction, CancellationToken cancellationToken)
    {
        foreach (AuditRow row in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Check(raw.sqlite3_bind_int64(record, 1, row.Sequence));
            Bind(record, 2, row.Entry.Kind);
            Bind(record, 3, row.Entry.Request);
            Bind(record, 4, row.At);
            Check(raw.sqlite3_bind_text(record, 5, row.Payload.Span));
            Bind(record, 6, row.Previous);
            Bind(record, 7, row.Hash);
            Bind(record, 8, row.Digest);
            Bind(record, 9, row.Salt);
            Run(record);
            if (row.Entry.Contents is not { } contents) continue;
            foreach ((string name, (string kind, byte[] bytes)) in contents)
            {
                Check(raw.sqlite3_bind_text(content, 1, name));
                Check(raw.sqlite3_bind_text(content, 2, kind));
                Check(raw.sqlite3_bind_text(content, 3, row.At));
                Check(raw.sqlite3_bind_blob(content, 4, bytes));
                Run(content);
            }
        }
        Check(raw.sqlite3_bind_text(moveHead, 1, AuditMarks.Head));
        Check(raw.sqlite3_bind_int64(moveHead, 2, head.Sequence));
        Check(raw.sqlite3_bind_text(moveHead, 3, head.Hash));
        Check(raw.sqlite3_bind_text(moveHead, 4, seal));
        Run(moveHead);
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        record.Dispose();
        content.Dispose();
        readHead.Dispose();
        moveHead.Dispose();
    }

    private sqlite3_stmt Prepare(string text)
    {
        Check(raw.sqlite3_prepare_v2(database, text, out sqlite3_stmt statement));
        return statement;
    }

    // A short text, without an array for each.
    private void Bind(sqlite3_stmt statement, int index, string text)
    {
        int most = Encoding.UTF8.GetMaxByteCount(text.Length);
        Span<byte> bytes = most <= LongestShort ? stackalloc byte[LongestShort] : new byte[most];
        int length = Encoding.UTF8.GetBytes(text, bytes);
        Check(length == 0 ? raw.sqlite3_bind_text(statement, index, "") : raw.sqlite3_bind_text(statement, index, bytes[..length])); // no bytes are NULL
    }

    private void Run(sqlite3_stmt statement)
    {
        int result = raw.sqlite3_step(statement);
        raw.sqlite3_reset(statement); // says the step's error once more
        if (result != raw.SQLITE_DONE) Check(result);
    }

    private void Check(int result) => SqliteException.ThrowExceptionForRC(result, database);
}
