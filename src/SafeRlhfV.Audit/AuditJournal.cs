using System.Data.Common;

namespace SafeRlhfV.Audit;

/// <summary>Writes single records in a transaction with what they tell of: for the commands that change a trail beside a running gateway.</summary>
internal sealed class AuditJournal(AuditDatabase database, byte[]? key, TimeProvider clock)
{
    private readonly AuditChain arithmetic = new(key);

    /// <summary>Does something and records it: both or neither.</summary>
    /// <exception cref="InvalidInputException">The trail is sealed with another key: the record would not verify.</exception>
    public async Task WriteAsync(
        string chain, string kind, IReadOnlyList<KeyValuePair<string, object?>> members, Func<DbConnection, DbTransaction, string, Task> act,
        CancellationToken cancellationToken)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using DbTransaction transaction = await AuditDatabase.BeginWriteAsync(connection, chain, cancellationToken).ConfigureAwait(false);
        AuditMarks marks = await AuditMarks.ReadAsync(connection, transaction, cancellationToken).ConfigureAwait(false);
        marks.Require(arithmetic);
        string at = AuditPayload.Iso(clock.GetUtcNow());
        await act(connection, transaction, at).ConfigureAwait(false);
        using (IAuditInserts inserts = AuditDatabase.Inserts(connection))
        {
            AuditEntry entry = new(chain, kind, "", AuditPayload.OfEvent(members), null);
            await AuditWriter.AppendAsync([entry], at, arithmetic, inserts, transaction, [], cancellationToken).ConfigureAwait(false);
        }
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
    }
}
