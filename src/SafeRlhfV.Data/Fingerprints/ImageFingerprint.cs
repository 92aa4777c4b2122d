using System.Numerics;
using System.Security.Cryptography;

namespace SafeRlhfV.Data;

/// <summary>What tells images apart: their exact pixels, and how they look.</summary>
/// <remarks>
/// Two images are the same where size and RGB pixels are equal (alpha dropped, EXIF orientation not applied). They are near-duplicates where
/// their difference hashes differ in at most a few of 64 bits and their 16 x 16 miniatures hardly differ: the hash alone takes drawings with
/// plain grounds for each other. Recompressed and rescaled copies are found; crops, turns and mirror images are not.
/// </remarks>
public sealed class ImageFingerprint
{
    /// <summary>The default threshold of <see cref="IsNear"/> in bits of 64.</summary>
    public const int DefaultThreshold = 8;

    /// <summary>Bytes of a miniature.</summary>
    internal const int MiniatureBytes = Side * Side * 3;

    private const int Side = 16;
    private const int MostMeanDifference = 6, MostCellDifference = 24; // of 255

    private readonly byte[] miniature;

    internal ImageFingerprint(int width, int height, UInt128 pixels, ulong hash, byte[] miniature) =>
        (Width, Height, Pixels, Hash, this.miniature) = (width, height, pixels, hash, miniature);

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>Half of the SHA-256 of size and pixels: equal exactly where the images are the same.</summary>
    public UInt128 Pixels { get; }

    /// <summary>The 64-bit difference hash: whether the grey of each of 9 x 8 areas falls to the next one on its right.</summary>
    public ulong Hash { get; }

    /// <summary>The colours of 16 x 16 areas, [16, 16, 3].</summary>
    internal ReadOnlySpan<byte> Miniature => miniature;

    /// <summary>The fingerprint of a decoded image.</summary>
    public static ImageFingerprint Of(RgbImage image) => Of(image.Width, image.Height, image.Pixels);

    /// <summary>The fingerprint of an image's pixels, [Height, Width, 3].</summary>
    public static ImageFingerprint Of(int width, int height, ReadOnlySpan<byte> rgb)
    {
        using IncrementalHash sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(BitConverter.GetBytes(width));
        sha.AppendData(BitConverter.GetBytes(height));
        sha.AppendData(rgb);
        float[] areas = Shrink(width, height, rgb, 9, 8);
        ulong hash = 0;
        for (int y = 0; y < 8; y++)
            for (int x = 0; x < 8; x++)
                hash = hash << 1 | (Grey(areas, y * 9 + x) > Grey(areas, y * 9 + x + 1) ? 1u : 0u);
        byte[] miniature = [.. Shrink(width, height, rgb, Side, Side).Select(value => (byte)MathF.Round(value))];
        return new ImageFingerprint(width, height, Digest(sha.GetHashAndReset()), hash, miniature);
    }

    /// <summary>The bits in which two difference hashes differ, 0..64.</summary>
    public int Distance(ImageFingerprint other) => BitOperations.PopCount(Hash ^ other.Hash);

    /// <summary>Whether the images look the same: at most <paramref name="threshold"/> bits apart, with miniatures that hardly differ.</summary>
    public bool IsNear(ImageFingerprint other, int threshold = DefaultThreshold) => Distance(other) <= threshold && LookAlike(miniature, other.miniature);

    /// <summary>Whether two miniatures hardly differ.</summary>
    internal static bool LookAlike(ReadOnlySpan<byte> one, ReadOnlySpan<byte> other)
    {
        int sum = 0;
        for (int i = 0; i < one.Length; i++)
        {
            int difference = Math.Abs(one[i] - other[i]);
            if (difference > MostCellDifference) return false;
            sum += difference;
        }
        return sum <= MostMeanDifference * one.Length;
    }

    /// <summary>The first 16 bytes of a hash as a number.</summary>
    internal static UInt128 Digest(ReadOnlySpan<byte> hash) => new(BitConverter.ToUInt64(hash), BitConverter.ToUInt64(hash[8..]));

    private static float Grey(float[] rgb, int cell) => rgb[cell * 3] * 0.299f + rgb[cell * 3 + 1] * 0.587f + rgb[cell * 3 + 2] * 0.114f;

    /// <summary>The mean colour of each area ([rows, columns, 3]), pixels on a border counted by their share.</summary>
    private static float[] Shrink(int width, int height, ReadOnlySpan<byte> rgb, int columns, int rows)
    {
        float[] cells = new float[rows * columns * 3], band = new float[width * 3];
        (int First, float[] Weights)[] across = Shares(width, columns), down = Shares(height, rows);
        for (int row = 0; row < rows; row++)
        {
            Array.Clear(band);
            for (int i = 0; i < down[row].Weights.Length; i++) AddLine(rgb.Slice((down[row].First + i) * width * 3, width * 3), down[row].Weights[i], band);
            for (int column = 0; column < columns; column++)
            {
                (int first, float[] weights) = across[column];
                ReadOnlySpan<float> area = band.AsSpan(first * 3, weights.Length * 3);
                float red = 0, green = 0, blue = 0;
                for (int i = 0, at = 0; i < weights.Length; i++, at += 3)
                {
                    red += weights[i] * area[at];
                    green += weights[i] * area[at + 1];
                    blue += weights[i] * area[at + 2];
                }
                int to = (row * columns + column) * 3;
                (cells[to], cells[to + 1], cells[to + 2]) = (red, green, blue);
            }
        }
        return cells;
    }

    private static void AddLine(ReadOnlySpan<byte> line, float weight, Span<float> band)
    {
        int at = 0;
        for (; at + Vector<byte>.Count <= line.Length; at += Vector<byte>.Count)
        {
            Vector.Widen(new Vector<byte>(line[at..]), out Vector<ushort> low, out Vector<ushort> high);
            Vector.Widen(low, out Vector<uint> first, out Vector<uint> second);
            Vector.Widen(high, out Vector<uint> third, out Vector<uint> fourth);
            Add(first, weight, band[at..]);
            Add(second, weight, band[(at + Vector<float>.Count)..]);
            Add(third, weight, band[(at + 2 * Vector<float>.Count)..]);
            Add(fourth, weight, band[(at + 3 * Vector<float>.Count)..]);
        }
        for (; at < line.Length; at++) band[at] += weight * line[at];
    }

    private static void Add(Vector<uint> values, float weight, Span<float> band) =>
        (new Vector<float>(band) + weight * Vector.ConvertToSingle(Vector.AsVectorInt32(values))).CopyTo(band);

    private static (int, float[])[] Shares(int size, int cells) => [.. Enumerable.Range(0, cells).Select(cell =>
    {
        double from = (double)cell * size / cells, to = (double)(cell + 1) * size / cells;
        int first = (int)from, last = Math.Min(size, (int)Math.Ceiling(to));
        float[] weights = new float[Math.Max(1, last - first)];
        for (int i = 0; i < weights.Length; i++) weights[i] = (float)((Math.Min(to, first + i + 1) - Math.Max(from, first + i)) / (to - from));
        return (first, weights);
    })];
}
