namespace SafeRlhfV.Audit;

/// <summary>A part of the proof that one checkpoint is the beginning of another: from a tree to the next that was signed.</summary>
/// <param name="From">The smaller tree's size.</param>
/// <param name="To">The larger tree's size.</param>
/// <param name="Root">The larger tree's root, in Base64.</param>
/// <param name="Proof">The hashes of RFC 9162, 2.1.4.1, in Base64.</param>
public sealed record ConsistencyStep(long From, long To, string Root, IReadOnlyList<string> Proof)
{
    /// <summary>Why steps do not lead from one checkpoint to another; null where they do. Needs nothing but the two signed notes.</summary>
    public static string? FindFault(AuditCheckpoint older, AuditCheckpoint newer, IReadOnlyList<ConsistencyStep> steps)
    {
        if (older.Chain != newer.Chain || older.First != newer.First)
            return $"the checkpoints are of different trees ({older.Chain} from {older.First}, {newer.Chain} from {newer.First})";
        (long size, byte[] root) = (older.Size, older.Root);
        foreach (ConsistencyStep step in steps)
        {
            byte[] next = AuditVerifier.Decode(step.Root);
            if (step.From != size) return $"a step from size {size} is missing";
            if (!MerkleTree.IsConsistent(step.From, step.To, root, next, [.. step.Proof.Select(AuditVerifier.Decode)]))
                return $"the tree of size {step.From} is not the beginning of that of size {step.To}";
            (size, root) = (step.To, next);
        }
        return size == newer.Size && root.AsSpan().SequenceEqual(newer.Root) ? null : "the steps do not lead to the newer checkpoint";
    }
}
