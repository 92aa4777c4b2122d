using SafeRlhfV.Data;

namespace SafeRlhfV.Deduplication.Tests;

/// <summary>Prints of rows that were never drawn.</summary>
internal static class MadePrints
{
    /// <summary>A row whose images are new, the same as an earlier one, or near one.</summary>
    public static RowPrint Row(RandomStream random, int number, string[] splits, List<ImageFingerprint> images)
    {
        string split = splits[random.NextInt(splits.Length)];
        ImageFingerprint[] own = [.. Enumerable.Range(0, random.NextInt(3)).Select(_ => Image(random, images))];
        return new RowPrint
        {
            Position = new RowPosition("default", split, "rows.parquet", number, number),
            Schema = RowSchema.Paired,
            Category = null,
            Severity = null,
            Row = (UInt128)(random.Chance(0.2) ? random.NextInt(200) : 1000 + number),
            ImageBytes = null,
            Question = (UInt128)random.NextInt(100),
            Words = (UInt128)(random.Chance(0.3) ? random.NextInt(300) : 1000 + number),
            Images = own,
            ImageCount = own.Length,
            ImageFault = null,
        };
    }

    private static ImageFingerprint Image(RandomStream random, List<ImageFingerprint> images)
    {
        if (images.Count > 0 && random.Chance(0.2)) return images[random.NextInt(images.Count)];
        ImageFingerprint? like = images.Count > 0 && random.Chance(0.4) ? images[random.NextInt(images.Count)] : null;
        ulong hash = like?.Hash ?? random.NextUInt64();
        byte[] miniature = like is null ? [.. Enumerable.Range(0, ImageFingerprint.MiniatureBytes).Select(_ => (byte)random.NextInt(256))]
            : like.Miniature.ToArray();
        for (int flips = like is null ? 0 : random.NextInt(12); flips > 0; flips--) hash ^= 1UL << random.NextInt(64);
        if (like is not null) miniature[random.NextInt(miniature.Length)] ^= (byte)(random.Chance(0.8) ? 1 : 128);
        ImageFingerprint image = new(10, 10, new UInt128(random.NextUInt64(), random.NextUInt64()), hash, miniature);
        images.Add(image);
        return image;
    }
}
