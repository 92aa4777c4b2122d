namespace SafeRlhfV.Audit;

/// <summary>Grows the Merkle tree of a chain while its records are read, and compares it with every checkpoint on its way.</summary>
internal sealed class TreeCheck
{
    private readonly string chain;
    private readonly Action<string> tell;
    private readonly SortedDictionary<long, byte[]> roots = []; // by size: what was signed, in the trail or in a note kept elsewhere
    private readonly MerkleFrontier? tree;
    private readonly long first = 1;

    public TreeCheck(AuditExpectations expected, string chain, long deleted, IReadOnlyList<AuditCheckpoints.Stored> stored, Func<AuditMark, bool> isRetired,
        Action<string> tell)
    {
        (this.chain, this.tell) = (chain, tell);
        AuditCheckpoints.Stored? before = null;
        foreach (AuditCheckpoints.Stored one in stored)
        {
            AuditCheckpoint? signed = AuditCheckpoint.Read(one.Note, expected.Verifier!);
            if (signed is null || signed.Chain != chain || signed.First != one.First || signed.Size != one.Tree.Size
                || !one.Tree.Root.SequenceEqual(signed.Root))
            {
                tell($"the checkpoint of size {one.Tree.Size} is not signed by {expected.Verifier!.Name}, or was changed");
                continue;
            }
            if (before is not null && !MerkleTree.IsConsistent(before.Tree.Size, signed.Size, before.Tree.Root, signed.Root, one.Proof))
                tell($"the checkpoint of size {before.Tree.Size} is not the beginning of that of size {signed.Size}");
            Signed++;
            first = one.First;
            if (one.Last >= deleted) roots[one.Tree.Size] = signed.Root;
            if (one.Last == deleted) tree = MerkleFrontier.Parse(one.Tree.Size, one.Tree.ToString()); // its signature vouches for it
            SignedUpTo = one.Last;
            before = one;
        }
        if (Signed > 0 && deleted < first) tree = new();
        if (Signed > 0 && tree is null) tell($"the records up to {deleted} were deleted, but no checkpoint ends there: the tree cannot be continued");
        foreach (AuditCheckpoint note in expected.Notes.Where(note => note.Chain == chain && !isRetired(new(note.Last, "", chain))))
        {
            if (note.First != first) tell($"the noted checkpoint begins at record {note.First}, the tree at {first}");
            else if (note.Last >= deleted)
            {
                if (!roots.TryAdd(note.Size, note.Root) && !roots[note.Size].AsSpan().SequenceEqual(note.Root)) Differs(note.Size);
            }
            else if (stored.FirstOrDefault(one => one.Tree.Size == note.Size) is not { } known) tell($"the noted checkpoint of size {note.Size} is missing");
            else if (!known.Tree.Root.SequenceEqual(note.Root)) Differs(note.Size);
        }
    }

    /// <summary>How many checkpoints of the chain are soundly signed.</summary>
    public int Signed { get; }

    /// <summary>The number of the last record that a checkpoint covers.</summary>
    public long SignedUpTo { get; }

    public void Add(long sequence, byte[] leaf)
    {
        if (tree is null || sequence < first) return;
        tree.Append(MerkleTree.LeafHash(leaf));
        if (roots.Remove(tree.Size, out byte[]? root) && !tree.Root.AsSpan().SequenceEqual(root)) Differs(tree.Size);
    }

    public void End(long last)
    {
        foreach (long size in roots.Keys)
            if (first + size - 1 > last) tell($"the checkpoint of size {size} covers record {first + size - 1}, but the last is {last}: the end was cut off");
    }

    private void Differs(long size) => tell($"the first {size} records are not those that the checkpoint of chain {chain} signed");
}
