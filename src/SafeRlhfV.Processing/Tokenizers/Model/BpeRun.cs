using System.Text;

namespace SafeRlhfV.Processing;

/// <summary>Byte-pair merging of one piece: symbols in a linked list, the pairs that can merge in a heap by rank, then place.</summary>
internal sealed class BpeRun(BpeModel model) : ModelRun
{
    private int[] symbols = new int[64], previous = new int[64], next = new int[64];
    private ulong[] heap = new ulong[64];
    private int count, heapCount;

    public override void Append(ReadOnlySpan<char> piece, IdBuffer ids)
    {
        if (model.Options.IgnoreMerges && model.TryFind(piece, out int whole))
        {
            ids.Add(whole);
            return;
        }
        Start(piece);
        if (count > 1) Merge();
        for (int i = count == 0 ? -1 : 0; i >= 0; i = next[i]) ids.Add(symbols[i]);
    }

    // The symbols before any merge. A run of unknown characters is handed on when a known one follows, as the reference engine does it.
    private void Start(ReadOnlySpan<char> piece)
    {
        count = 0;
        bool affixes = model.Options.ContinuingPrefix.Length > 0 || model.Options.EndSuffix.Length > 0, pending = false;
        for (int i = 0, length; i < piece.Length; i += length)
        {
            length = char.IsHighSurrogate(piece[i]) && i + 1 < piece.Length ? 2 : 1;
            ReadOnlySpan<char> character = piece.Slice(i, length);
            if (affixes)
                character = $"{(i == 0 ? "" : model.Options.ContinuingPrefix)}{character}{(i + length == piece.Length ? model.Options.EndSuffix : "")}";
            int id = character.Length == 1 ? model.OfCharacter(character[0]) : model.TryFind(character, out int found) ? found : -1;
            if (id >= 0)
            {
                if (pending) Push(model.Unknown);
                pending = false;
                Push(id);
            }
            else if (!(model.Options.ByteFallback && PushBytes(character)) && model.Unknown >= 0)
            {
                if (pending && !model.Options.FuseUnknown) Push(model.Unknown);
                pending = true;
            }
        }
        if (pending) Push(model.Unknown);
    }

    private bool PushBytes(ReadOnlySpan<char> character)
    {
        Span<byte> bytes = character.Length <= 2 ? stackalloc byte[8] : new byte[Encoding.UTF8.GetMaxByteCount(character.Length)];
        int length = Encoding.UTF8.GetBytes(character, bytes);
        foreach (byte value in bytes[..length]) if (model.OfByte(value) < 0) return false;
        foreach (byte value in bytes[..length]) Push(model.OfByte(value));
        return true;
    }

    private void Push(int id)
    {
        if (count == symbols.Length)
        {
            Array.Resize(ref symbols, count * 2);
            Array.Resize(ref previous, count * 2);
            Array.Resize(ref next, count * 2);
        }
        (symbols[count], previous[count], next[count]) = (id, count - 1, -1);
        if (count > 0) next[count - 1] = count;
        count++;
    }

    private void Merge()
    {
        heapCount = 0;
        for (int i = 0; i + 1 < count; i++) Offer(i);
        while (heapCount > 0)
        {
            ulong top = Pop();
            int left = (int)(uint)top, rank = (int)(top >> 32);
            // merged away, last, or another pair by now (unless it would become the same token: so the reference engine has it)
            if (symbols[left] < 0 || next[left] < 0) continue;
            int right = next[left], now = model.Ranks[symbols[left], symbols[right]], merged = model.MergedIds[rank];
            if (now < 0 || model.MergedIds[now] != merged) continue;
            (symbols[left], symbols[right], next[left]) = (merged, -1, next[right]);
            if (next[left] >= 0) previous[next[left]] = left;
            if (previous[left] >= 0) Offer(previous[left]);
            if (next[left] >= 0) Offer(left);
        }
    }

    private void Offer(int left)
    {
        int rank = model.Ranks[symbols[left], symbols[next[left]]];
        if (rank < 0) return;
        if (heapCount == heap.Length) Array.Resize(ref heap, heapCount * 2);
        ulong key = (ulong)(uint)rank << 32 | (uint)left;
        int at = heapCount++;
        for (int parent; at > 0 && heap[parent = (at - 1) / 2] > key; at = parent) heap[at] = heap[parent];
        heap[at] = key;
    }

    private ulong Pop()
    {
        ulong top = heap[0], key = heap[--heapCount];
        int at = 0;
        for (int child; (child = 2 * at + 1) < heapCount; at = child)
        {
            if (child + 1 < heapCount && heap[child + 1] < heap[child]) child++;
            if (heap[child] >= key) break;
            heap[at] = heap[child];
        }
        heap[at] = key;
        return top;
    }
}
