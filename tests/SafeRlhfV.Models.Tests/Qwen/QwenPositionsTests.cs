using SafeRlhfV.Processing;

namespace SafeRlhfV.Models.Tests;

public sealed class QwenPositionsTests
{
    private const int Image = 9;

    private static ImageGeometry Grid(int rows, int columns) => new(rows * 28, columns * 28, rows * columns * 4, rows * columns, rows * 2, columns * 2);

    [Fact]
    public void ImagesTurnOnTheirOwnAxesAndTheTextGoesOnAfterTheLongerSide()
    {
        // text, an image of 2 x 3, text, an image of 1 x 1 right after one of 1 x 2, text; padded on the left
        long[] ids = [0, 0, 1, Image, Image, Image, Image, Image, Image, 2, Image, Image, Image, 3];
        bool[] valid = [.. ids.Select((_, i) => i >= 2)];
        (long[] positions, long[] deltas) = QwenPositions.Compute(ids, valid, 1, ids.Length, Image, 2, [Grid(2, 3), Grid(1, 2), Grid(1, 1)]);
        Assert.Equal([0, 0, 0, 1, 1, 1, 1, 1, 1, 4, 5, 5, 7, 8], positions[..14]);
        Assert.Equal([0, 0, 0, 1, 1, 1, 2, 2, 2, 4, 5, 5, 7, 8], positions[14..28]);
        Assert.Equal([0, 0, 0, 1, 2, 3, 1, 2, 3, 4, 5, 6, 7, 8], positions[28..]);
        Assert.Equal([9 - 12], deltas);
    }

    [Fact]
    public void ImagesAreGivenToTheRowsInOrder()
    {
        long[] ids = [1, Image, 1, 1, Image, Image];
        (long[] positions, long[] deltas) = QwenPositions.Compute(ids, [true, true, true, true, true, true], 2, 3, Image, 2, [Grid(1, 1), Grid(2, 1)]);
        Assert.Equal([0, 1, 2, 0, 1, 1], positions[..6]);
        Assert.Equal([0, 1, 2, 0, 1, 2], positions[6..12]);
        Assert.Equal([0, 1, 2, 0, 1, 1], positions[12..]);
        Assert.Equal([0, 0], deltas);
    }

    [Theory]
    [InlineData(new long[] { 1, Image, Image }, 1, 1)] // one token too many
    [InlineData(new long[] { 1, Image, 1 }, 1, 2)] // one too few
    [InlineData(new long[] { 1, 1, Image }, 1, 2)] // cut at the end
    [InlineData(new long[] { 1, 1, 1 }, 1, 1)] // none
    public void TokensAndImagesThatDoNotFitAreRefused(long[] ids, int rows, int columns) =>
        Assert.Contains("do not belong together",
            Assert.Throws<InvalidInputException>(() => QwenPositions.Compute(ids, [true, true, true], 1, 3, Image, 2, [Grid(rows, columns)])).Message);
}
