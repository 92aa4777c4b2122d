using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>
/// M-RoPE positions of the Qwen-VL models. Along a row only valid tokens count: a text token moves all three axes on by one; an image that starts at s has
/// time s, height s + row and width s + column over its merged grid, and the next token starts at s + the longer side.
/// </summary>
internal static class QwenPositions
{
    /// <summary>Positions, flattened [3, B, L] (zero at padding), and for each row what to add to the count of valid tokens to get the next position.</summary>
    /// <exception cref="InvalidInputException">Image tokens and images do not fit together.</exception>
    public static (long[] Positions, long[] Deltas) Compute(long[] ids, bool[] valid, int rows, int columns, int imageTokenId, int merge,
        IReadOnlyList<ImageGeometry> images)
    {
        long[] positions = new long[3L * rows * columns], deltas = new long[rows];
        int plane = rows * columns, image = 0;
        List<int> row = [];
        for (int r = 0; r < rows; r++)
        {
            row.Clear();
            for (int at = r * columns; at < (r + 1) * columns; at++)
                if (valid[at]) row.Add(at);
            long next = 0;
            for (int i = 0; i < row.Count;)
            {
                if (ids[row[i]] != imageTokenId)
                {
                    Put(row[i++], next, next, next);
                    next++;
                    continue;
                }
                if (image == images.Count) throw Mismatch($"more image tokens than the {images.Count} images give");
                (int down, int across) = (images[image].GridHeight / merge, images[image].GridWidth / merge);
                image++;
                for (int token = 0; token < down * across; token++, i++)
                {
                    if (i == row.Count || ids[row[i]] != imageTokenId) throw Mismatch($"an image of {down} x {across} tokens has only {token} in the text");
                    Put(row[i], next, next + token / across, next + token % across);
                }
                next += Math.Max(down, across);
            }
            deltas[r] = next - row.Count;
        }
        if (image < images.Count) throw Mismatch($"tokens of {image} images, but {images.Count} are given");
        return (positions, deltas);

        void Put(int at, long time, long height, long width) => (positions[at], positions[plane + at], positions[2 * plane + at]) = (time, height, width);
    }

    private static InvalidInputException Mismatch(string what) =>
        new($"The text has {what}; prompts and images do not belong together, or a text was cut within an image.");
}
