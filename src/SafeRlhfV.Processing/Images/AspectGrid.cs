namespace SafeRlhfV.Processing;

/// <summary>InternVL's choice of a grid of tiles: the one whose proportions come nearest to the image's.</summary>
public sealed class AspectGrid
{
    private readonly int side;
    private readonly (int Columns, int Rows)[] candidates;

    /// <summary>A choice among the grids of so many tiles.</summary>
    /// <param name="side">Side of a tile, in pixels.</param>
    /// <param name="least">Tiles of a grid at least.</param>
    /// <param name="most">Tiles of a grid at most; fewer than <paramref name="least"/> leaves one tile.</param>
    public AspectGrid(int side, int least, int most)
    {
        this.side = side;
        // ordered by tiles and then by columns: among grids of equal proportions that order decides
        candidates = [.. Enumerable.Range(1, most).SelectMany(columns => Enumerable.Range(1, most / columns).Select(rows => (Columns: columns, Rows: rows)))
            .Where(grid => grid.Columns * grid.Rows >= least).OrderBy(grid => grid.Columns * grid.Rows).ThenBy(grid => grid.Columns)];
    }

    /// <summary>Tiles of a grid, with that of the whole image where there are several.</summary>
    public static int Tiles(int columns, int rows) => columns * rows == 1 ? 1 : columns * rows + 1;

    /// <summary>The grid for an image of that size, in pixels.</summary>
    public (int Columns, int Rows) Of(int width, int height)
    {
        double wanted = (double)width / height, bestDifference = double.PositiveInfinity;
        (int Columns, int Rows) best = (1, 1);
        foreach ((int columns, int rows) in candidates)
        {
            double difference = Math.Abs(wanted - (double)columns / rows);
            // of two that are as near, the larger one is taken while its tiles cover less than twice the image
            if (difference < bestDifference || (difference == bestDifference && (double)width * height > 0.5 * side * side * columns * rows))
                (best, bestDifference) = ((columns, rows), difference);
        }
        return best;
    }
}
