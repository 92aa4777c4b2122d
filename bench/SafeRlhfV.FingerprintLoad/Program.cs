using System.Diagnostics;
using System.Globalization;
using SafeRlhfV.Data;
using SafeRlhfV.Deduplication;

namespace SafeRlhfV.FingerprintLoad;

/// <summary>
/// <c>rows FOLDER COUNT</c> writes a data set of small images, one in a thousand of which looks like an earlier one and one in a thousand of which is an
/// earlier one. <c>search COUNT [MEMORY_MB]</c> puts so many made-up fingerprints with planted near-duplicates into the store of <c>data dedupe</c> and
/// searches them.
/// </summary>
internal static class Program
{
    private const int Planted = 1000;

    private static int Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["rows", string folder, string count]:
                WriteRows(folder, int.Parse(count, CultureInfo.InvariantCulture));
                return 0;
            case ["search", string count, .. string[] rest]:
                Search(int.Parse(count, CultureInfo.InvariantCulture), rest.Length > 0 ? long.Parse(rest[0], CultureInfo.InvariantCulture) * 1_000_000
                    : new DeduplicationOptions().Memory);
                return 0;
            default:
                Console.Error.WriteLine("rows FOLDER COUNT, or search COUNT [MEMORY_MB]");
                return 2;
        }
    }

    private static void WriteRows(string folder, int count)
    {
        using BeaverTailsWriter writer = BeaverTailsWriter.Create(folder, RowLayout.Paired, new BeaverTailsWriterOptions
        {
            Name = "Rows for timing",
            RowsPerGroup = 10_000
        });
        for (int i = 0; i < count; i++)
            writer.Add(i % 20 == 19 ? "evaluation" : "train", new PreferencePair
            {
                Question = $"Question {i}?",
                Image = new EncodedImage(PngBytes.Encode(Image(i)), $"{i}.png"),
                Category = Taxonomy.Categories[i / 1000 % Taxonomy.Categories.Count],
                ImageSeverity = 1,
                Response1 = new($"Response {i}.", "placeholder-a", true, 2, 2),
                Response2 = new($"Other response {i}.", "placeholder-b", false, -1, 1),
                MoreHelpful = 1,
                Safer = 1,
            });
        writer.Complete();
    }

    // 9 x 8 areas of 2 x 2 pixels with random greys: their difference hash is random
    private static RgbImage Image(int number)
    {
        int of = number % Planted < 2 && number >= Planted ? number / Planted - 1 : number;
        RandomStream random = new(of, "images");
        byte[] areas = new byte[72], pixels = new byte[18 * 16 * 3];
        for (int i = 0; i < areas.Length; i++) areas[i] = (byte)random.NextInt(250);
        if (of != number && number % Planted == 0) areas[number % 72] += 4; // looks like it
        for (int i = 0; i < pixels.Length; i++) pixels[i] = areas[i / 3 / 18 / 2 * 9 + i / 3 % 18 / 2];
        return new RgbImage(18, 16, pixels);
    }

    private static void Search(int count, long memory)
    {
        RandomStream random = new(1, "fingerprints");
        ulong[] earlier = new ulong[count / Planted + 1];
        Stopwatch watch = Stopwatch.StartNew();
        using PrintStore store = new(["train", "evaluation"], memory, null);
        byte[] miniature = new byte[ImageFingerprint.MiniatureBytes];
        int planted = 0;
        for (int i = 0; i < count; i++)
        {
            ulong hash = random.NextUInt64();
            bool isPlanted = i % Planted == 0 && i > 0;
            if (i % Planted == 1) earlier[i / Planted] = hash;
            if (isPlanted)
            {
                hash = earlier[i / Planted - 1];
                for (int flips = 0; flips < 8; flips++) hash ^= 1UL << random.NextInt(64);
                planted++;
            }
            Array.Fill(miniature, (byte)((isPlanted ? earlier[i / Planted - 1] : hash) % 251));
            store.Add(i, new RowPrint
            {
                Position = new RowPosition("default", i % 20 == 19 ? "evaluation" : "train", "made", i, i),
                Schema = RowSchema.Paired,
                Category = null,
                Severity = null,
                Row = (UInt128)i,
                ImageBytes = null,
                Question = 0,
                Words = (UInt128)i,
                Images = [new ImageFingerprint(18, 16, new UInt128(random.NextUInt64(), (ulong)i), hash, [.. miniature])],
                ImageCount = 1,
                ImageFault = null,
            });
        }
        store.Seal();
        double added = watch.Elapsed.TotalSeconds;
        int equal = store.EqualRows().Count() + store.EqualWords().Count() + store.EqualPixels().Count() + store.ExactLeaks().Count();
        double grouped = watch.Elapsed.TotalSeconds;
        NearImages near = new(store, ImageFingerprint.DefaultThreshold, CancellationToken.None);
        int pairs = near.Pairs().Count(), leaks = near.Leaks().Count();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{{\"fingerprints\": {count}, \"planted\": {planted}, \"pairs\": {pairs}, \"leaks\": {leaks}, \"equal\": {equal}, ")
            + string.Create(CultureInfo.InvariantCulture,
                $"\"add_s\": {added:0.0}, \"group_s\": {grouped - added:0.0}, ")
            + string.Create(CultureInfo.InvariantCulture, $"\"near_s\": {watch.Elapsed.TotalSeconds - grouped:0.0}, \"peak_mib\": {PeakMebibytes()}}}"));
    }

    private static long PeakMebibytes() =>
        long.Parse(File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1024;
}
