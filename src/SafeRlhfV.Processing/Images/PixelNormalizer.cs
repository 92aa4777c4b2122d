using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SafeRlhfV.Processing;

/// <summary>
/// From bytes to a tower's values: rescaled in double and rounded to float32, then (x - mean) / std in float32. A byte has 256 values,
/// so each channel is a table, and every value is the reference's to the last bit.
/// </summary>
internal sealed class PixelNormalizer
{
    private readonly float[] red, green, blue;

    /// <summary>Tables for a rescaling factor (null: none) and means and deviations of the three channels (null: none).</summary>
    /// <param name="factor">What bytes are multiplied by.</param>
    /// <param name="mean">What is taken off, by channel.</param>
    /// <param name="deviation">What is divided by, by channel.</param>
    /// <param name="isOffset">Take 1 off after rescaling (EfficientNet's rescale_offset).</param>
    /// <param name="divideBy">What all is divided by in the end, by channel (EfficientNet's include_top); null: nothing.</param>
    public PixelNormalizer(double? factor, IReadOnlyList<double>? mean, IReadOnlyList<double>? deviation, bool isOffset = false,
        IReadOnlyList<double>? divideBy = null)
    {
        (red, green, blue) = (Table(0), Table(1), Table(2));

        float[] Table(int channel)
        {
            float[] table = new float[256];
            for (int value = 0; value < 256; value++)
            {
                float scaled = factor is { } scale ? (float)(value * scale) : value;
                if (isOffset) scaled -= 1;
                if (mean is not null && deviation is not null) scaled = (scaled - (float)mean[channel]) / (float)deviation[channel];
                table[value] = divideBy is null ? scaled : scaled / (float)divideBy[channel];
            }
            return table;
        }
    }

    /// <summary>The three tables, in the order of the channels.</summary>
    public (float[] Red, float[] Green, float[] Blue) Tables => (red, green, blue);

    /// <summary>Writes an image as [3, H, W].</summary>
    public void ToPlanes(RgbImage image, Span<float> planes)
    {
        int area = image.Width * image.Height;
        ReadOnlySpan<byte> pixels = image.Pixels;
        Span<float> reds = planes[..area], greens = planes.Slice(area, area), blues = planes.Slice(2 * area, area);
        // a byte never leaves a table of 256, which the compiler cannot know
        ref float redTable = ref MemoryMarshal.GetArrayDataReference(red), greenTable = ref MemoryMarshal.GetArrayDataReference(green),
            blueTable = ref MemoryMarshal.GetArrayDataReference(blue);
        for (int i = 0; i < reds.Length; i++)
        {
            reds[i] = Unsafe.Add(ref redTable, pixels[3 * i]);
            greens[i] = Unsafe.Add(ref greenTable, pixels[3 * i + 1]);
            blues[i] = Unsafe.Add(ref blueTable, pixels[3 * i + 2]);
        }
    }
}
