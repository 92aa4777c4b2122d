namespace SafeRlhfV.Processing;

/// <summary>LLaVA-NeXT's arithmetic of tiles: which resolution an image is spread over, how many tiles, which rows and columns of features remain.</summary>
public static class AnyResolution
{
    /// <summary>
    /// The pinpoint that keeps most of the image's pixels, and among those wastes least (strictly less wins, so the first of equals stays).
    /// </summary>
    public static (int Height, int Width) BestResolution(int height, int width, IReadOnlyList<(int Height, int Width)> pinpoints)
    {
        (int Height, int Width) best = pinpoints[0];
        long bestEffective = -1, bestWasted = long.MaxValue;
        foreach ((int gridHeight, int gridWidth) in pinpoints)
        {
            double scale = Math.Min((double)gridWidth / width, (double)gridHeight / height);
            long effective = Math.Min((long)(width * scale) * (long)(height * scale), (long)width * height);
            long wasted = (long)gridHeight * gridWidth - effective;
            if (effective < bestEffective || (effective == bestEffective && wasted >= bestWasted)) continue;
            (best, bestEffective, bestWasted) = ((gridHeight, gridWidth), effective, wasted);
        }
        return best;
    }

    /// <summary>Tiles of an image, the whole image's own tile among them.</summary>
    public static int Tiles(int height, int width, IReadOnlyList<(int Height, int Width)> pinpoints, int tileSize)
    {
        (int bestHeight, int bestWidth) = BestResolution(height, width, pinpoints);
        return 1 + bestHeight / tileSize * (bestWidth / tileSize);
    }

    /// <summary>
    /// The part of a grid of features that the image covers without its padding: first row or column and their counts.
    /// </summary>
    /// <param name="height">Height of the image.</param>
    /// <param name="width">Width of the image.</param>
    /// <param name="gridHeight">Rows of features over all tiles.</param>
    /// <param name="gridWidth">Columns of features over all tiles.</param>
    public static (int Top, int Rows, int Left, int Columns) Unpad(int height, int width, int gridHeight, int gridWidth)
    {
        // the rounding to seven places belongs to the reference: without it 13.9999999 would lose a row
        if ((double)width / height > (double)gridWidth / gridHeight)
        {
            int kept = (int)Math.Round(height * ((double)gridWidth / width), 7), pad = (gridHeight - kept) / 2;
            return (pad, gridHeight - 2 * pad, 0, gridWidth);
        }
        else
        {
            int kept = (int)Math.Round(width * ((double)gridHeight / height), 7), pad = (gridWidth - kept) / 2;
            return (0, gridHeight, pad, gridWidth - 2 * pad);
        }
    }
}
