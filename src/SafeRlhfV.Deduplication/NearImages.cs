using System.Numerics;
using SafeRlhfV.Data;

namespace SafeRlhfV.Deduplication;

/// <summary>
/// The images of a store that look the same without having the same pixels. DuckDB sorts the hashes by one band after the other, the hashes of a bucket are
/// compared here: memory holds one bucket, a 128th of the images, and the pairs that were found.
/// </summary>
internal sealed class NearImages
{
    private readonly PrintStore store;

    /// <summary>Searches a store that is sealed.</summary>
    public NearImages(PrintStore store, int threshold, CancellationToken cancellationToken)
    {
        this.store = store;
        // of the images of a split with the same pixels, the first stands for all
        store.Execute("""
            CREATE TABLE looks AS
                SELECT min(image) AS image, arg_min(number, image) AS number, split, any_value(train) AS train, pixels_a, pixels_b, any_value(hash) AS hash
                FROM images GROUP BY split, pixels_a, pixels_b;
            CREATE TABLE near (one BIGINT, other BIGINT, bits INTEGER);
            """);
        HashBands bands = new(threshold);
        for (int band = 0; band < bands.Masks.Length; band++)
        {
            List<(long, long, int)> found = [];
            Bucket bucket = new();
            ulong mask = bands.Masks[band];
            string sorted = $"SELECT hash, image, number, split, train, pixels_a FROM looks ORDER BY hash & {mask}::UBIGINT";
            foreach ((ulong hash, Look look) in store.Query(sorted, reader => (reader.GetFieldValue<ulong>(0),
                new Look(reader.GetInt64(1), reader.GetInt64(2), reader.GetInt32(3), reader.GetBoolean(4), reader.GetFieldValue<ulong>(5)))))
            {
                if (bucket.Count > 0 && (bucket.Hashes[0] & mask) != (hash & mask))
                {
                    Compare(bands, band, bucket, found, cancellationToken);
                    bucket.Count = 0;
                }
                bucket.Add(hash, look);
            }
            Compare(bands, band, bucket, found, cancellationToken);
            store.Append("near", found, (row, pair) => row.AppendValue(pair.Item1).AppendValue(pair.Item2).AppendValue(pair.Item3));
        }
    }

    /// <summary>Pairs of rows of the same split, and the bits between their hashes.</summary>
    public IEnumerable<(long First, long Second, int Bits)> Pairs() => store.Query("""
        SELECT first.number, second.number, bits FROM near JOIN looks AS first ON first.image = one JOIN looks AS second ON second.image = other
        WHERE first.split = second.split ORDER BY one, other
        """, reader => (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt32(2)));

    /// <summary>Each train row with each row of another split, and the bits between their hashes: all rows, not only those that stand for others.</summary>
    public IEnumerable<(long Train, long Held, int Bits)> Leaks() => store.Query("""
        WITH leaks AS (
            SELECT CASE WHEN first.train THEN one ELSE other END AS train_look, CASE WHEN first.train THEN other ELSE one END AS held_look, bits
            FROM near JOIN looks AS first ON first.image = one JOIN looks AS second ON second.image = other WHERE first.train <> second.train)
        SELECT train.number, held.number, bits FROM leaks
            JOIN looks AS train_of ON train_of.image = train_look JOIN looks AS held_of ON held_of.image = held_look
            JOIN images AS train ON train.split = train_of.split AND train.pixels_a = train_of.pixels_a AND train.pixels_b = train_of.pixels_b
            JOIN images AS held ON held.split = held_of.split AND held.pixels_a = held_of.pixels_a AND held.pixels_b = held_of.pixels_b
        ORDER BY train.image, held.image
        """, reader => (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt32(2))).DistinctBy(leak => (leak.Item1, leak.Item2));

    private void Compare(HashBands bands, int band, Bucket bucket, List<(long, long, int)> found, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        bool Counts(Look one, Look other) => one.Pixels != other.Pixels && (one.Split == other.Split ? one.Row != other.Row : one.IsTrain != other.IsTrain)
            && store.Miniatures.LookAlike(one.Image, other.Image);
        ReadOnlyMemory<ulong> hashes = bucket.Hashes.AsMemory(0, bucket.Count);
        foreach ((int one, int other) in HashBucket.Pairs(bands, band, hashes, (one, other) => Counts(bucket.Looks[one], bucket.Looks[other]),
            cancellationToken))
        {
            (long first, long second) = (bucket.Looks[one].Image, bucket.Looks[other].Image);
            found.Add((Math.Min(first, second), Math.Max(first, second), BitOperations.PopCount(bucket.Hashes[one] ^ bucket.Hashes[other])));
        }
    }

    /// <summary>An image; of its pixels' digest one half, which tells any two apart.</summary>
    private readonly record struct Look(long Image, long Row, int Split, bool IsTrain, ulong Pixels);

    private sealed class Bucket
    {
        private ulong[] hashes = new ulong[1024];
        private Look[] looks = new Look[1024];

        public ulong[] Hashes => hashes;
        public Look[] Looks => looks;
        public int Count { get; set; }

        public void Add(ulong hash, Look look)
        {
            if (Count == hashes.Length)
            {
                Array.Resize(ref hashes, 2 * Count);
                Array.Resize(ref looks, 2 * Count);
            }
            hashes[Count] = hash;
            looks[Count++] = look;
        }
    }
}
