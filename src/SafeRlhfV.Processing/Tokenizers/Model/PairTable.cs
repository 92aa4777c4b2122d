namespace SafeRlhfV.Processing;

/// <summary>From a pair of ids to the rank of their merge: open addressing, read by many threads.</summary>
internal sealed class PairTable
{
    private readonly ulong[] keys;
    private readonly int[] ranks;
    private readonly int shift;

    public PairTable(int capacity)
    {
        int bits = 4;
        while (1L << bits < 2L * capacity) bits++;
        (keys, ranks, shift) = (new ulong[1 << bits], new int[1 << bits], 64 - bits);
        Array.Fill(ranks, -1);
    }

    /// <summary>The rank of a pair's merge, -1 if it has none.</summary>
    public int this[int left, int right]
    {
        get
        {
            ulong key = (ulong)(uint)left << 32 | (uint)right;
            for (int slot = First(key); ; slot = slot + 1 & keys.Length - 1)
                if (ranks[slot] < 0 || keys[slot] == key) return ranks[slot];
        }
        set
        {
            ulong key = (ulong)(uint)left << 32 | (uint)right;
            int slot = First(key);
            while (ranks[slot] >= 0 && keys[slot] != key) slot = slot + 1 & keys.Length - 1;
            (keys[slot], ranks[slot]) = (key, value);
        }
    }

    private int First(ulong key) => (int)(key * 0x9E3779B97F4A7C15UL >> shift);
}
