using System.Numerics;
using System.Security.Cryptography;

namespace SafeRlhfV.Audit;

/// <summary>
/// A Merkle tree that grows at its end, known by the roots of its largest full subtrees alone: at most 63 hashes, whatever its size. So a tree goes on growing
/// after its first leaves were deleted.
/// </summary>
public sealed class MerkleFrontier
{
    private readonly List<byte[]> nodes = []; // of falling size: one for each bit of the size that is set

    /// <summary>How many leaves the tree has.</summary>
    public long Size { get; private set; }

    /// <summary>The tree's root; of no leaves, the hash of nothing.</summary>
    public byte[] Root
    {
        get
        {
            if (nodes.Count == 0) return SHA256.HashData([]);
            byte[] root = nodes[^1];
            for (int i = nodes.Count - 2; i >= 0; i--) root = MerkleTree.NodeHash(nodes[i], root);
            return root;
        }
    }

    /// <summary>The tree that a text describes; null where the text is none.</summary>
    public static MerkleFrontier? Parse(long size, string text)
    {
        MerkleFrontier tree = new() { Size = size };
        foreach (string node in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (node.Length != 2 * SHA256.HashSizeInBytes || !node.All(char.IsAsciiHexDigit)) return null;
            tree.nodes.Add(Convert.FromHexString(node));
        }
        return size >= 0 && tree.nodes.Count == BitOperations.PopCount((ulong)size) ? tree : null;
    }

    /// <summary>The tree as a text: the subtrees' roots in hexadecimal, the largest first.</summary>
    public override string ToString() => string.Join(' ', nodes.Select(Convert.ToHexStringLower));

    /// <summary>Adds a leaf by its hash (<see cref="MerkleTree.LeafHash"/>).</summary>
    public void Append(byte[] leafHash)
    {
        nodes.Add(leafHash);
        Size++;
        for (long size = Size; (size & 1) == 0; size >>= 1)
        {
            byte[] node = MerkleTree.NodeHash(nodes[^2], nodes[^1]);
            nodes.RemoveAt(nodes.Count - 1);
            nodes[^1] = node;
        }
    }

    /// <summary>Proves that this tree is the beginning of the one that further leaves make of it (RFC 9162, 2.1.4.1).</summary>
    /// <param name="further">The hashes of the leaves after this tree's last.</param>
    public IReadOnlyList<byte[]> Prove(IReadOnlyList<byte[]> further)
    {
        List<byte[]> proof = [];
        if (Size > 0 && further.Count > 0) Prove(0, Size + further.Count, isWhole: true);
        return proof;

        void Prove(long low, long high, bool isWhole)
        {
            if (Size == high)
            {
                if (!isWhole) proof.Add(Hash(low, high));
                return;
            }
            long middle = low + Half(high - low);
            if (Size <= middle)
            {
                Prove(low, middle, isWhole);
                proof.Add(Hash(middle, high));
            }
            else
            {
                Prove(middle, high, isWhole: false);
                proof.Add(Hash(low, middle));
            }
        }

        // What lies within this tree is one of its full subtrees; the rest is made of the further leaves.
        byte[] Hash(long low, long high)
        {
            if (low < Size)
            {
                long at = 0;
                int index = 0;
                for (int bit = 63; at < low; bit--)
                {
                    if ((Size >> bit & 1) == 0) continue;
                    at += 1L << bit;
                    index++;
                }
                return nodes[index];
            }
            if (high - low == 1) return further[(int)(low - Size)];
            long middle = low + Half(high - low);
            return MerkleTree.NodeHash(Hash(low, middle), Hash(middle, high));
        }
    }

    // the largest power of two below a size above 1
    private static long Half(long size) => 1L << BitOperations.Log2((ulong)(size - 1));
}
