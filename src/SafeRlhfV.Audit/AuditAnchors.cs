using System.Data.Common;

namespace SafeRlhfV.Audit;

/// <summary>
/// Writes the heads of all chains into the chain of anchors. A leaf of that chain is the sealed head of another: whatever a chain's head is one day (a signed
/// checkpoint of a tree), it is what an anchor holds.
/// </summary>
internal sealed class AuditAnchors(AuditDatabase database, AuditChain chain)
{
    /// <summary>Anchors the chains that have moved since they were anchored last, or all of them.</summary>
    /// <returns>How many anchors were written.</returns>
    public async Task<int> WriteAsync(bool all, string at, CancellationToken cancellationToken)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using DbTransaction transaction = await AuditDatabase.BeginWriteAsync(connection, AuditChains.Anchors, cancellationToken).ConfigureAwait(false);
        AuditMarks marks = await AuditMarks.ReadAsync(connection, transaction, cancellationToken).ConfigureAwait(false);
        List<(AuditMark Head, string Seal)> moved = [];
        foreach (string name in marks.Chains.Where(name => name != AuditChains.Anchors).Order(StringComparer.Ordinal))
        {
            if (marks.Find(AuditMarks.Head, name) is { } head && (all || marks.Find(AuditMarks.Anchored, name)?.Mark != head.Mark)) moved.Add(head);
        }
        if (moved.Count == 0) return 0;
        await AppendAsync(connection, transaction, "anchor", moved, at, cancellationToken).ConfigureAwait(false);
        foreach ((AuditMark head, _) in moved)
            await AuditMarks.WriteAsync(connection, transaction, AuditMarks.Anchored, head, chain, cancellationToken).ConfigureAwait(false);
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        return moved.Count;
    }

    /// <summary>Says in the chain of anchors that a chain has ended and its marks are gone, within a transaction that holds the chain's end.</summary>
    public async Task RetireAsync(DbConnection connection, DbTransaction transaction, AuditMark head, string at, CancellationToken cancellationToken)
    {
        await AuditDatabase.LockAsync(connection, transaction, AuditChains.Anchors, cancellationToken).ConfigureAwait(false);
        await AppendAsync(connection, transaction, "retired", [(head, chain.Seal(AuditMarks.Head, head))], at, cancellationToken).ConfigureAwait(false);
        await AuditMarks.DeleteAsync(connection, transaction, head.Chain, cancellationToken).ConfigureAwait(false);
    }

    private async Task AppendAsync(
        DbConnection connection, DbTransaction transaction, string kind, List<(AuditMark Head, string Seal)> heads, string at,
        CancellationToken cancellationToken)
    {
        using IAuditInserts inserts = AuditDatabase.Inserts(connection);
        AuditEntry[] entries = [.. heads.Select(one =>
            new AuditEntry(AuditChains.Anchors, kind, one.Head.Chain, AuditPayload.OfHead(one.Head, one.Seal), null))];
        await AuditWriter.AppendAsync(entries, at, chain, inserts, transaction, [], cancellationToken).ConfigureAwait(false);
    }
}
