using SafeRlhfV.Processing;

namespace SafeRlhfV.Registry.Tests;

/// <summary>Mean colours of the cells of a grid, each from 0 to 1.</summary>
internal sealed class MosaicImageProcessor(int grid) : ImageProcessor
{
    /// <inheritdoc/>
    public override ProcessedImage Process(RgbImage image)
    {
        float[] values = new float[3 * grid * grid];
        for (int row = 0; row < grid; row++)
            for (int column = 0; column < grid; column++)
                Mean(image, row, column, values.AsSpan(3 * (row * grid + column), 3));
        return new ProcessedImage(values, [grid * grid, 3], Measure(image.Width, image.Height));
    }

    /// <inheritdoc/>
    public override ImageGeometry Measure(int width, int height) => new(height, width, Rows: 1, Tokens: grid * grid);

    private void Mean(RgbImage image, int row, int column, Span<float> colour)
    {
        (int top, int left) = (row * image.Height / grid, column * image.Width / grid);
        (int bottom, int right) = (Math.Max(top + 1, (row + 1) * image.Height / grid), Math.Max(left + 1, (column + 1) * image.Width / grid));
        for (int y = top; y < bottom; y++)
            for (int x = left; x < right; x++)
                for (int channel = 0; channel < 3; channel++) colour[channel] += image.Pixels[3 * (y * image.Width + x) + channel];
        for (int channel = 0; channel < 3; channel++) colour[channel] /= 255f * (bottom - top) * (right - left);
    }
}
