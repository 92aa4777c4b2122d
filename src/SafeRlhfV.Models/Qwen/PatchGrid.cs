namespace SafeRlhfV.Models;

/// <summary>
/// The patches of one image and the order in which Qwen towers take them: squares of merge × merge patches row by row, the patches of a square together.
/// </summary>
/// <param name="Frames">Frames; 1 for an image.</param>
/// <param name="Rows">Patch rows.</param>
/// <param name="Columns">Patch columns.</param>
internal readonly record struct PatchGrid(int Frames, int Rows, int Columns)
{
    /// <summary>Patches of all frames.</summary>
    public int Count => Frames * Rows * Columns;

    /// <summary>Row and column of each patch, in the tower's order.</summary>
    public static (long[] Rows, long[] Columns) Places(IReadOnlyList<PatchGrid> grids, int merge)
    {
        int count = grids.Sum(grid => grid.Count), at = 0;
        long[] rows = new long[count], columns = new long[count];
        foreach (PatchGrid grid in grids)
            for (int frame = 0; frame < grid.Frames; frame++)
                for (int top = 0; top < grid.Rows; top += merge)
                    for (int left = 0; left < grid.Columns; left += merge)
                        for (int row = top; row < top + merge; row++)
                            for (int column = left; column < left + merge; column++, at++)
                                (rows[at], columns[at]) = (row, column);
        return (rows, columns);
    }

    /// <summary>Patches of each frame: attention never leaves a frame.</summary>
    public static int[] FrameLengths(IReadOnlyList<PatchGrid> grids) => [.. grids.SelectMany(grid => Enumerable.Repeat(grid.Rows * grid.Columns, grid.Frames))];

    /// <summary>
    /// The order of merged tokens window by window (windows of <paramref name="window"/> × <paramref name="window"/> tokens, those at the edge smaller), and
    /// the tokens in each.
    /// </summary>
    public static (long[] Order, int[] Lengths) Windows(IReadOnlyList<PatchGrid> grids, int merge, int window)
    {
        List<long> order = [];
        List<int> lengths = [];
        long start = 0;
        foreach (PatchGrid grid in grids)
        {
            int rows = grid.Rows / merge, columns = grid.Columns / merge;
            for (int frame = 0; frame < grid.Frames; frame++, start += rows * columns)
                for (int top = 0; top < rows; top += window)
                    for (int left = 0; left < columns; left += window)
                    {
                        int before = order.Count;
                        for (int row = top; row < Math.Min(top + window, rows); row++)
                            for (int column = left; column < Math.Min(left + window, columns); column++) order.Add(start + row * columns + column);
                        lengths.Add(order.Count - before);
                    }
        }
        return ([.. order], [.. lengths]);
    }

    /// <summary>
    /// For each patch, in the tower's order, the four entries of a square table of <paramref name="side"/> × <paramref name="side"/> positions around it and
    /// their weights (bilinear, the corners of image and table fall together), flattened [patches × 4].
    /// </summary>
    public static (long[] Indices, float[] Weights) Taps(IReadOnlyList<PatchGrid> grids, int merge, int side)
    {
        int count = grids.Sum(grid => grid.Count), at = 0;
        long[] indices = new long[4 * count];
        float[] weights = new float[4 * count];
        foreach (PatchGrid grid in grids)
        {
            (long[] rows, long[] columns) = Places([grid], merge);
            float[] down = Steps(grid.Rows, side), across = Steps(grid.Columns, side);
            for (int patch = 0; patch < rows.Length; patch++)
            {
                (float y, float x) = (down[rows[patch]], across[columns[patch]]);
                (int top, int left) = ((int)y, (int)x);
                (int bottom, int right) = (Math.Min(top + 1, side - 1), Math.Min(left + 1, side - 1));
                (float dy, float dx) = (y - top, x - left);
                Put(top, left, (1 - dy) * (1 - dx));
                Put(top, right, (1 - dy) * dx);
                Put(bottom, left, dy * (1 - dx));
                Put(bottom, right, dy * dx);
            }
        }
        return (indices, weights);

        void Put(int row, int column, float weight)
        {
            (indices[at], weights[at]) = (row * side + column, weight);
            at++;
        }
    }

    // as torch.linspace: from both ends towards the middle, in float32
    private static float[] Steps(int count, int side)
    {
        float[] steps = new float[count];
        float last = side - 1, step = count > 1 ? last / (count - 1) : 0;
        for (int i = 0; i < count; i++) steps[i] = i < count / 2 ? step * i : last - step * (count - i - 1);
        if (count == 1) steps[0] = 0;
        return steps;
    }
}
