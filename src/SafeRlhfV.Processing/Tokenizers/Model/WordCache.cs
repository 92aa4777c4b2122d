namespace SafeRlhfV.Processing;

/// <summary>Remembers the ids of pieces seen, without allocating for each; one thread's. When it is full it starts anew.</summary>
internal sealed class WordCache
{
    /// <summary>Longer pieces are not worth keeping.</summary>
    public const int LongestPiece = 48;

    private const int MostEntries = 1 << 15;

    private Entry[] slots = new Entry[1 << 10];
    private char[] characters = new char[1 << 12];
    private int[] ids = new int[1 << 11];
    private int entries, characterCount, idCount;

    /// <summary>Finds a piece's ids.</summary>
    public bool TryGet(ReadOnlySpan<char> piece, int hash, out ReadOnlySpan<int> found)
    {
        for (int slot = hash & slots.Length - 1; ; slot = slot + 1 & slots.Length - 1)
        {
            ref Entry entry = ref slots[slot];
            if (entry.Length == 0)
            {
                found = default;
                return false;
            }
            if (entry.Hash != hash || entry.Length != piece.Length || !piece.SequenceEqual(characters.AsSpan(entry.Start, entry.Length))) continue;
            found = ids.AsSpan(entry.IdStart, entry.IdCount);
            return true;
        }
    }

    /// <summary>Keeps a piece that is not in it.</summary>
    public void Add(ReadOnlySpan<char> piece, int hash, ReadOnlySpan<int> pieceIds)
    {
        if (piece.Length == 0) return;
        if (entries >= MostEntries) Clear();
        if (2 * entries >= slots.Length) Grow();
        if (characterCount + piece.Length > characters.Length) Array.Resize(ref characters, characters.Length * 2);
        while (idCount + pieceIds.Length > ids.Length) Array.Resize(ref ids, ids.Length * 2);
        piece.CopyTo(characters.AsSpan(characterCount));
        pieceIds.CopyTo(ids.AsSpan(idCount));
        Place(slots, new Entry(hash, characterCount, piece.Length, idCount, pieceIds.Length));
        (entries, characterCount, idCount) = (entries + 1, characterCount + piece.Length, idCount + pieceIds.Length);
    }

    private void Clear()
    {
        Array.Clear(slots);
        (entries, characterCount, idCount) = (0, 0, 0);
    }

    private void Grow()
    {
        Entry[] wider = new Entry[slots.Length * 2];
        foreach (Entry entry in slots) if (entry.Length > 0) Place(wider, entry);
        slots = wider;
    }

    private static void Place(Entry[] slots, Entry entry)
    {
        int slot = entry.Hash & slots.Length - 1;
        while (slots[slot].Length > 0) slot = slot + 1 & slots.Length - 1;
        slots[slot] = entry;
    }

    private readonly record struct Entry(int Hash, int Start, int Length, int IdStart, int IdCount);
}
