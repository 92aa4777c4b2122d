namespace SafeRlhfV.Processing;

/// <summary>How a model spreads an image over tiles.</summary>
/// <param name="TileSize">Side of a tile, in pixels.</param>
/// <param name="GridSize">Patches along a tile's side, g.</param>
/// <param name="Pinpoints">The resolutions (height, width) that an image may be spread over.</param>
/// <param name="MostTiles">Tiles' worth of features that the grid is shrunk to (anyres_max_N of LLaVA-OneVision); null = it is never shrunk.</param>
public sealed record TileGrid(int TileSize, int GridSize, IReadOnlyList<(int Height, int Width)> Pinpoints, int? MostTiles = null)
{
    // the reference leaves a grid that is only a little too large as it is
    private const double Tolerated = 1.1;

    /// <summary>An image may be one tile alone: one of several in a conversation (LLaVA-OneVision).</summary>
    public bool TakesSingleTiles => MostTiles is not null;

    /// <summary>Image tokens of one of several images: its tile and one newline.</summary>
    public int SingleTokens => GridSize * GridSize + 1;

    /// <summary>The rows and columns that a grid without padding is shrunk to.</summary>
    public (int Rows, int Columns) Shrink(int rows, int columns)
    {
        if (MostTiles is not { } most) return (rows, columns);
        double ratio = Math.Sqrt((double)((long)rows * columns) / ((long)most * GridSize * GridSize));
        return ratio > Tolerated ? (FloorDivide(rows, ratio), FloorDivide(columns, ratio)) : (rows, columns);
    }

    /// <summary>Image tokens of an image: its own tile, the grid without padding, one newline a row.</summary>
    public int Tokens(int height, int width)
    {
        (int bestHeight, int bestWidth) = AnyResolution.BestResolution(height, width, Pinpoints);
        (_, int rows, _, int columns) = AnyResolution.Unpad(height, width, bestHeight / TileSize * GridSize, bestWidth / TileSize * GridSize);
        (rows, columns) = Shrink(rows, columns);
        return GridSize * GridSize + rows * columns + rows;
    }

    // Python's //: exact where the rounded quotient would reach the next whole number
    private static int FloorDivide(int value, double divisor)
    {
        double quotient = (value - value % divisor) / divisor, floor = Math.Floor(quotient);
        return (int)(quotient - floor > 0.5 ? floor + 1 : floor);
    }
}
