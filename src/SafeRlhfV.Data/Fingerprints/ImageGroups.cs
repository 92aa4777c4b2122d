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
        bool IsNear(int one, int other) => distinct[one].Image.IsNear(distinct[other].Image, threshold);
        foreach ((int one, int other) in new HashBands(threshold).Pairs([.. distinct.Select(row => row.Image.Hash)], IsNear))
            parent[Root(distinct[other].Row)] = Root(distinct[one].Row);
        return [.. Enumerable.Range(0, rows.Count).GroupBy(Root).Select(group => group.ToArray())];
    }
}
