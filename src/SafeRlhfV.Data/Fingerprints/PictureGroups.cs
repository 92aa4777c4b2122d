namespace SafeRlhfV.Data;

/// <summary>Rows that belong together because their pictures are the same or look the same (and so on through chains).</summary>
internal static class PictureGroups
{
    /// <summary>The groups, as indices of rows in order; a row without a picture is a group of its own.</summary>
    public static int[][] Of(IReadOnlyList<RowPrint> rows, int threshold)
    {
        int[] parent = [.. Enumerable.Range(0, rows.Count)];
        int Root(int row)
        {
            while (parent[row] != row) row = parent[row] = parent[parent[row]];
            return row;
        }

        Dictionary<UInt128, int> byPixels = [];
        for (int row = 0; row < rows.Count; row++)
            if (rows[row].Picture is { } picture && !byPixels.TryAdd(picture.Pixels, row)) parent[row] = byPixels[picture.Pixels];
        int[] distinct = [.. byPixels.Values];
        (int, int)[] near = [.. Enumerable.Range(0, distinct.Length).AsParallel().AsOrdered().SelectMany(i =>
            Enumerable.Range(i + 1, distinct.Length - i - 1).Where(j => rows[distinct[i]].Picture!.IsNear(rows[distinct[j]].Picture!, threshold)).Select(j => (distinct[i], distinct[j])))];
        foreach ((int left, int right) in near) parent[Root(right)] = Root(left);
        return [.. Enumerable.Range(0, rows.Count).GroupBy(Root).Select(group => group.ToArray())];
    }
}
