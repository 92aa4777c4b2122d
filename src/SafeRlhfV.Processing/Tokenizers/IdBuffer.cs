namespace SafeRlhfV.Processing;

/// <summary>Ids that grow in place and are used again.</summary>
internal sealed class IdBuffer
{
    private int[] items = new int[256];

    public int Count { get; private set; }

    public ReadOnlySpan<int> Since(int start) => items.AsSpan(start, Count - start);

    public void Add(int id)
    {
        if (Count == items.Length) Array.Resize(ref items, items.Length * 2);
        items[Count++] = id;
    }

    public void Add(ReadOnlySpan<int> ids)
    {
        if (ids.Length > items.Length - Count) Array.Resize(ref items, Math.Max(items.Length * 2, Count + ids.Length));
        ids.CopyTo(items.AsSpan(Count));
        Count += ids.Length;
    }

    public void Clear() => Count = 0;

    public int[] ToArray() => Since(0).ToArray();
}
