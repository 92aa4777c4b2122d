using System.Data.Common;

namespace SafeRlhfV.Audit;

/// <summary>The checkpoints of a trail as they are stored: each with the tree as it was then, and the proof that the one before is its beginning.</summary>
internal sealed class AuditCheckpoints(AuditDatabase database)
{
    /// <summary>A stored checkpoint.</summary>
    /// <param name="Chain">The chain.</param>
    /// <param name="First">The number of the tree's first record.</param>
    /// <param name="Tree">The tree.</param>
    /// <param name="Note">The signed note.</param>
    /// <param name="Proof">Why the checkpoint before is the beginning of this one; empty for the first.</param>
    public sealed record Stored(string Chain, long First, MerkleFrontier Tree, string Note, IReadOnlyList<byte[]> Proof)
    {
        public long Last => First + Tree.Size - 1;
    }

    /// <summary>Signs each chain that has grown since its last checkpoint.</summary>
    public async Task<IReadOnlyList<AuditCheckpoint>> WriteAsync(AuditSigner signer, string at, CancellationToken cancellationToken)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using DbTransaction transaction = await AuditDatabase.BeginReadAsync(connection, cancellationToken).ConfigureAwait(false);
        AuditMarks marks = await AuditMarks.ReadAsync(connection, transaction, cancellationToken).ConfigureAwait(false);
        List<AuditCheckpoint> signed = [];
        List<(AuditCheckpoint Made, string Tree, string Proof)> rows = [];
        foreach (string chain in marks.Chains.Order(StringComparer.Ordinal))
        {
            if (marks.Find(AuditMarks.Head, chain) is not { } head) continue;
            Stored? last = await LastAsync(connection, transaction, chain, cancellationToken).ConfigureAwait(false);
            if (last?.Last >= head.Mark.Sequence) continue;
            long first = last?.First ?? (marks.Find(AuditMarks.Start, chain)?.Mark.Sequence ?? 0) + 1;
            MerkleFrontier tree = last?.Tree.Copy() ?? new();
            List<byte[]> further = [];
            long next = first + tree.Size;
            await foreach (AuditRecord record in LeavesAsync(connection, transaction, chain, next, head.Mark.Sequence, cancellationToken).ConfigureAwait(false))
            {
                if (record.Sequence != next++) throw new InvalidDataException($"record {next - 1} of chain {chain} is missing; nothing is signed.");
                byte[] hash = MerkleTree.LeafHash(record.Leaf);
                tree.Append(hash);
                if (last is not null) further.Add(hash);
            }
            if (tree.Size == (last?.Tree.Size ?? 0)) continue;
            AuditCheckpoint made = AuditCheckpoint.Sign(chain, first, tree, signer);
            rows.Add((made, tree.ToString(), last is null ? "" : Text(last.Tree.Prove(further))));
            signed.Add(made);
        }
        await transaction.CommitAsync(cancellationToken).ConfigureAwait(false);
        foreach ((AuditCheckpoint made, string tree, string proof) in rows)
        {
            await AuditDatabase.ExecuteAsync(
                connection,
                "INSERT INTO guard_audit_checkpoint (chain, first, size, at, note, tree, proof) VALUES (@chain, @first, @size, @at, @note, @tree, @proof) "
                    + "ON CONFLICT (chain, size) DO NOTHING",
                cancellationToken,
                null,
                ("chain", made.Chain), ("first", made.First), ("size", made.Size), ("at", at), ("note", made.Note), ("tree", tree), ("proof", proof))
                .ConfigureAwait(false);
        }
        return signed;
    }

    /// <summary>The checkpoints of a chain in their order.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="transaction">The transaction, or null.</param>
    /// <param name="chain">The chain.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <param name="tell">Is told of checkpoints that cannot be read, which are left out then.</param>
    /// <exception cref="InvalidInputException">One cannot be read, and nobody is to be told.</exception>
    public static Task<IReadOnlyList<Stored>> ReadAsync(
        DbConnection connection, DbTransaction? transaction, string chain, CancellationToken cancellationToken, Action<string>? tell = null) =>
        QueryAsync(connection, transaction, "WHERE chain = @chain ORDER BY size", chain, 0, cancellationToken, tell);

    /// <summary>The last checkpoint whose records are all up to a number.</summary>
    public static async Task<Stored?> LastUpToAsync(
        DbConnection connection, DbTransaction? transaction, string chain, long sequence, CancellationToken cancellationToken) =>
        (await QueryAsync(connection, transaction, "WHERE chain = @chain AND first + size - 1 <= @sequence ORDER BY size DESC LIMIT 1", chain, sequence,
            cancellationToken).ConfigureAwait(false)) is [Stored found] ? found : null;

    /// <summary>The names of the chains that have checkpoints.</summary>
    public static async Task<IReadOnlyList<string>> ChainsAsync(DbConnection connection, DbTransaction? transaction, CancellationToken cancellationToken)
    {
        List<string> chains = [];
        await using DbCommand command = AuditDatabase.Command(connection, transaction, "SELECT DISTINCT chain FROM guard_audit_checkpoint ORDER BY chain");
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false)) chains.Add(reader.GetString(0));
        return chains;
    }

    /// <summary>Proves that a checkpoint is the beginning of a later one of its chain: from one stored checkpoint to the next.</summary>
    /// <exception cref="InvalidInputException">The chain has no such checkpoints.</exception>
    public async Task<IReadOnlyList<ConsistencyStep>> ProveAsync(string chain, long from, long to, CancellationToken cancellationToken)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        IReadOnlyList<Stored> all = await ReadAsync(connection, null, chain, cancellationToken).ConfigureAwait(false);
        foreach (long size in (long[])[from, to])
        {
            if (!all.Any(one => one.Tree.Size == size))
                throw new InvalidInputException($"chain {chain} has no checkpoint of size {size}; it has {(all.Count == 0 ? "none"
                    : $"{all.Count}, of sizes {all[0].Tree.Size} to {all[^1].Tree.Size}")}.");
        }
        List<ConsistencyStep> steps = [];
        for (int i = 1; i < all.Count; i++)
        {
            if (all[i].Tree.Size <= from || all[i].Tree.Size > to) continue;
            steps.Add(new(all[i - 1].Tree.Size, all[i].Tree.Size, Convert.ToBase64String(all[i].Tree.Root), [.. all[i].Proof.Select(Convert.ToBase64String)]));
        }
        return steps;
    }

    /// <summary>Keeps a time-stamp token with the checkpoint that it covers.</summary>
    /// <returns>Whether the trail has that checkpoint.</returns>
    public async Task<bool> KeepTokenAsync(AuditCheckpoint covered, byte[] token, CancellationToken cancellationToken)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken).ConfigureAwait(false);
        await using DbCommand command = AuditDatabase.Command(connection, null,
            "UPDATE guard_audit_checkpoint SET token = @token WHERE chain = @chain AND size = @size AND note = @note",
            ("token", token), ("chain", covered.Chain), ("size", covered.Size), ("note", covered.Note));
        return await command.ExecuteNonQueryAsync(cancellationToken).ConfigureAwait(false) == 1;
    }

    private static async Task<Stored?> LastAsync(DbConnection connection, DbTransaction transaction, string chain, CancellationToken cancellationToken) =>
        await LastUpToAsync(connection, transaction, chain, long.MaxValue, cancellationToken).ConfigureAwait(false);

    // only what leaves are made of: of version 2 the payloads are not needed
    private async IAsyncEnumerable<AuditRecord> LeavesAsync(
        DbConnection connection, DbTransaction transaction, string chain, long from, long to,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using DbCommand command = AuditDatabase.Command(connection, transaction, $"""
            SELECT sequence, kind, request, at, CASE WHEN digest IS NULL THEN payload ELSE '' END, digest FROM guard_audit
            WHERE {database.OfChain} sequence BETWEEN @from AND @to ORDER BY sequence
            """, ("chain", chain), ("from", from), ("to", to));
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            yield return new(reader.GetInt64(0), reader.GetString(1), reader.GetString(2), reader.GetString(3), reader.GetString(4), "", "", chain)
            {
                Digest = reader.IsDBNull(5) ? null : reader.GetString(5),
            };
        }
    }

    private static async Task<IReadOnlyList<Stored>> QueryAsync(
        DbConnection connection, DbTransaction? transaction, string which, string chain, long sequence, CancellationToken cancellationToken,
        Action<string>? tell = null)
    {
        List<Stored> found = [];
        await using DbCommand command = AuditDatabase.Command(connection, transaction,
            $"SELECT first, size, note, tree, proof FROM guard_audit_checkpoint {which}", ("chain", chain), ("sequence", sequence));
        await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
        while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
        {
            if (MerkleFrontier.Parse(reader.GetInt64(1), reader.GetString(3)) is not { } tree)
            {
                string fault = $"the stored tree of the checkpoint of size {reader.GetInt64(1)} is damaged";
                if (tell is null) throw new InvalidInputException($"chain {chain}: {fault}; 'audit verify' says what else is.");
                tell(fault);
                continue;
            }
            found.Add(new(chain, reader.GetInt64(0), tree, reader.GetString(2),
                [.. reader.GetString(4).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(AuditVerifier.Decode)]));
        }
        return found;
    }

    private static string Text(IReadOnlyList<byte[]> proof) => string.Join(' ', proof.Select(Convert.ToBase64String));
}
