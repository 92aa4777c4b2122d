namespace SafeRlhfV.Data;

/// <summary>Rows that belong together because their images are the same or look the same (and so on through chains).</summary>
internal static class ImageGroups
{
    /// <summary>The groups, as indices of rows in order; a row of several images joins the groups of all; one without an image is a group of its own.</summary>
    public static int[][] Of(IReadOnlyList<RowPrint> rows, int threshold)
    {
        int[] parent = [.. Enumerable.Range(0, rows.Count)];
        int Root(int row)
        {
            while (parent[row] != row) row = parent[row] = parent[parent[row]];
            return row;
        }

        Dictionary<UInt128, (int Row, ImageFingerprint Image)> byPixels = [];
        for (int row = 0; row < rows.Count; row++)
            foreach (ImageFingerprint image in rows[row].Images)
                if (!byPixels.TryAdd(image.Pixels, (row, image))) parent[Root(row)] = Root(byPixels[image.Pixels].Row);
        (int Row, ImageFingerprint Image)[] distinct = [.. byPixels.Values];
        (int, int)[] near = [.. Enumerable.Range(0, distinct.Length).AsParallel().AsOrdered().SelectMany(i =>
            Enumerable.Range(i + 1, distinct.Length - i - 1).Where(j => distinct[i].Image.IsNear(distinct[j].Image, threshold))
                .Select(j => (distinct[i].Row, distinct[j].Row)))];
        foreach ((int left, int right) in near) parent[Root(right)] = Root(left);
        return [.. Enumerable.Range(0, rows.Count).GroupBy(Root).Select(group => group.ToArray())];
    }
}
