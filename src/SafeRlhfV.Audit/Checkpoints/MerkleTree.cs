using System.Numerics;
using System.Security.Cryptography;

namespace SafeRlhfV.Audit;

/// <summary>The hashes and consistency proofs of a Merkle tree over SHA-256 (RFC 9162, section 2.1; the same as RFC 6962).</summary>
public static class MerkleTree
{
    /// <summary>The hash of a leaf.</summary>
    public static byte[] LeafHash(ReadOnlySpan<byte> leaf)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([0]);
        hash.AppendData(leaf);
        return hash.GetHashAndReset();
    }

    /// <summary>The hash of a node with two children.</summary>
    public static byte[] NodeHash(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        Span<byte> both = stackalloc byte[1 + (2 * SHA256.HashSizeInBytes)];
        both[0] = 1;
        left.CopyTo(both[1..]);
        right.CopyTo(both[(1 + SHA256.HashSizeInBytes)..]);
        return SHA256.HashData(both);
    }

    /// <summary>Whether a proof shows that a tree is the beginning of a larger one (RFC 9162, 2.1.4.2).</summary>
    /// <param name="first">How many leaves the smaller tree has; at least 1.</param>
    /// <param name="second">How many leaves the larger tree has.</param>
    /// <param name="firstRoot">The smaller tree's root.</param>
    /// <param name="secondRoot">The larger tree's root.</param>
    /// <param name="proof">The proof, as <see cref="MerkleFrontier.Prove"/> makes it.</param>
    public static bool IsConsistent(long first, long second, ReadOnlySpan<byte> firstRoot, ReadOnlySpan<byte> secondRoot, IReadOnlyList<byte[]> proof)
    {
        if (first < 1 || first > second || proof.Any(hash => hash.Length != SHA256.HashSizeInBytes)) return false;
        if (first == second) return proof.Count == 0 && firstRoot.SequenceEqual(secondRoot);
        List<byte[]> path = [.. BitOperations.IsPow2(first) ? [firstRoot.ToArray()] : Array.Empty<byte[]>(), .. proof];
        if (path.Count == 0) return false;
        long at = first - 1, last = second - 1;
        while ((at & 1) == 1) (at, last) = (at >> 1, last >> 1);
        byte[] smaller = path[0], larger = path[0];
        foreach (byte[] hash in path.Skip(1))
        {
            if (last == 0) return false;
            if ((at & 1) == 1 || at == last)
            {
                smaller = NodeHash(hash, smaller);
                larger = NodeHash(hash, larger);
                while ((at & 1) == 0 && at != 0) (at, last) = (at >> 1, last >> 1);
            }
            else larger = NodeHash(larger, hash);
            (at, last) = (at >> 1, last >> 1);
        }
        return last == 0 && smaller.AsSpan().SequenceEqual(firstRoot) && larger.AsSpan().SequenceEqual(secondRoot);
    }
}
