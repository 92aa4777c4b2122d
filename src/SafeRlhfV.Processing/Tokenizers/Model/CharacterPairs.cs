namespace SafeRlhfV.Processing;

/// <summary>
/// Which pairs of neighbouring UTF-16 units occur inside a vocabulary's merged tokens. Between two units that never occur so, no merge can reach across:
/// a text without pre-tokenisation falls apart there into words, which a cache knows. A hash filter: it may say yes wrongly, never no.
/// </summary>
internal sealed class CharacterPairs
{
    private const int Bits = 18;

    private readonly ulong[] seen = new ulong[1 << (Bits - 6)];

    /// <summary>Notes the pairs in a token.</summary>
    public void Add(ReadOnlySpan<char> token)
    {
        for (int i = 1; i < token.Length; i++) Add(token[i - 1], token[i]);
    }

    /// <summary>True if a token may hold the two side by side.</summary>
    public bool MayJoin(char left, char right)
    {
        uint slot = Slot(left, right);
        return (seen[slot >> 6] >> (int)(slot & 63) & 1) != 0;
    }

    private void Add(char left, char right)
    {
        uint slot = Slot(left, right);
        seen[slot >> 6] |= 1UL << (int)(slot & 63);
    }

    private static uint Slot(char left, char right) => (((uint)left << 16 | right) * 2654435769u) >> (32 - Bits);
}
