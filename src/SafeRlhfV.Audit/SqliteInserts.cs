using System.Data.Common;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SafeRlhfV.Audit;

/// <summary>
/// Inserts into SQLite by its own statements, with UTF-8 as it is: ADO.NET's parameters cost several times what the insert itself does, and the whole trail is
/// written by one thread.
/// </summary>
internal sealed class SqliteInserts : IAuditInserts
{
    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _record, _content, _readHead, _moveHead;

    public SqliteInserts(SqliteConnection connection)
    {
        _database = connection.Handle!;
        _record = Prepare("INSERT INTO guard_audit (sequence, kind, request, at, payload, previous, hash) VALUES (?, ?, ?, ?, ?, ?, ?)");
        _readHead = Prepare("SELECT sequence, hash FROM guard_audit_mark WHERE name = ?");
        _moveHead = Prepare("INSERT INTO guard_audit_mark (name, sequence, hash, seal) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET sequence = "
            + "excluded.sequence, hash = excluded.hash, seal = excluded.seal");
        _content = Prepare("INSERT INTO guard_audit_content (name, kind, at, body) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET at = excluded.at");
    }

    public ValueTask<AuditMark?> ReadHeadAsync(string chain, DbTransaction transaction, CancellationToken cancellationToken)
    {
        Check(raw.sqlite3_bind_text(_readHead, 1, AuditMarks.Head));
        int result = raw.sqlite3_step(_readHead);
        AuditMark? head = result == raw.SQLITE_ROW ? new(raw.sqlite3_column_int64(_readHead, 0), raw.sqlite3_column_text(_readHead, 1).utf8_to_string()) : null;
        raw.sqlite3_reset(_readHead);
        if (result is not (raw.SQLITE_ROW or raw.SQLITE_DONE)) Check(result);
        return ValueTask.FromResult(head);
    }

    public Task InsertAsync(IReadOnlyList<AuditRow> rows, AuditMark head, string seal, DbTransaction transaction, CancellationToken cancellationToken)
    {
        foreach (AuditRow row in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Check(raw.sqlite3_bind_int64(_record, 1, row.Sequence));
            Check(raw.sqlite3_bind_text(_record, 2, row.Entry.Kind));
            Check(raw.sqlite3_bind_text(_record, 3, row.Entry.Request));
            Check(raw.sqlite3_bind_text(_record, 4, row.At));
            Check(raw.sqlite3_bind_text(_record, 5, row.Payload.Span));
            Check(raw.sqlite3_bind_text(_record, 6, row.Previous));
            Check(raw.sqlite3_bind_text(_record, 7, row.Hash));
            Run(_record);
            if (row.Entry.Contents is not { } contents) continue;
            foreach ((string name, (string kind, byte[] bytes)) in contents)
            {
                Check(raw.sqlite3_bind_text(_content, 1, name));
                Check(raw.sqlite3_bind_text(_content, 2, kind));
                Check(raw.sqlite3_bind_text(_content, 3, row.At));
                Check(raw.sqlite3_bind_blob(_content, 4, bytes));
                Run(_content);
            }
        }
        Check(raw.sqlite3_bind_text(_moveHead, 1, AuditMarks.Head));
        Check(raw.sqlite3_bind_int64(_moveHead, 2, head.Sequence));
        Check(raw.sqlite3_bind_text(_moveHead, 3, head.Hash));
        Check(raw.sqlite3_bind_text(_moveHead, 4, seal));
        Run(_moveHead);
        return Task.CompletedTask;
    }

    public void Dispose()
    {
        _record.Dispose();
        _content.Dispose();
        _readHead.Dispose();
        _moveHead.Dispose();
    }

    private sqlite3_stmt Prepare(string text)
    {
        Check(raw.sqlite3_prepare_v2(_database, text, out sqlite3_stmt statement));
        return statement;
    }

    private void Run(sqlite3_stmt statement)
    {
        int result = raw.sqlite3_step(statement);
        raw.sqlite3_reset(statement); // says the step's error once more
        if (result != raw.SQLITE_DONE) Check(result);
    }

    private void Check(int result) => SqliteException.ThrowExceptionForRC(result, _database);
}
