using System.Security.Cryptography;
using System.Text;

namespace SafeRlhfV.Data;

/// <summary>
/// Gives a data set's rows epoch after epoch: shuffled by seed, shared out by rank, read ahead, and resumable at the exact row. The order is
/// made of blocks (a row group, or a piece of a large one): blocks are dealt in random order to the ranks, and each rank mixes the rows of a
/// window of blocks. All ranks give the same number of rows an epoch: a few rows at an epoch's end may go to none, others the next time.
/// </summary>
public sealed class DatasetCursor
{
    private const int LargestBlock = 128;

    // compressed files may be a little smaller than the images in them
    private const double Margin = 1.05;

    private readonly PreferenceDataset dataset;
    private readonly CursorOptions options;
    private readonly Block[] blocks;
    private readonly Dictionary<string, (JsonlRowReader Reader, IReadOnlyList<JsonlPlace> Index)> lines = [];
    private readonly string fingerprint;
    private long epoch, position;

    /// <summary>Makes a cursor at the first row.</summary>
    /// <exception cref="InvalidInputException">There is no such split or configuration, or fewer rows than ranks.</exception>
    public DatasetCursor(PreferenceDataset dataset, CursorOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.World, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(options.Rank);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(options.Rank, options.World);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.WindowRows, 1);
        (this.dataset, this.options) = (dataset, options);
        blocks = [.. dataset.Select(options.Split, options.Config).SelectMany(BlocksOf)];
        fingerprint = Fingerprint();
        if (RowsOfEpoch(0) == 0)
            throw new InvalidInputException($"{dataset.Path}: {blocks.Sum(block => block.Rows)} rows are too few for {options.World} ranks.");
    }

    /// <summary>Where the cursor stands. Setting it resumes: the next row is the one that would have come.</summary>
    /// <exception cref="InvalidInputException">The state is of another data set or of other options.</exception>
    public CursorState State
    {
        get => new(epoch, position, fingerprint);
        set
        {
            if (value.Fingerprint != fingerprint)
                throw new InvalidInputException($"{dataset.Path}: the data set or the reading options differ from those of the checkpoint; resume with the "
                    + "same data, split, seed, ranks and window.");
            (epoch, position) = (value.Epoch, value.Position);
        }
    }

    /// <summary>Rows that this rank gets in an epoch (the same for all ranks).</summary>
    public long RowsOfEpoch(long number) => Enumerable.Range(0, options.World).Min(rank => Order(number, rank).Sum(block => (long)block.Rows));

    /// <summary>
    /// The rows from here on, without end: epoch follows epoch. <see cref="State"/> advances as rows are taken, not as they are read ahead. Only
    /// one enumeration may run at a time; state set while one runs is for the next.
    /// </summary>
    /// <exception cref="InvalidInputException">A file is damaged or was changed.</exception>
    public IEnumerable<DatasetRow> Rows()
    {
        IEnumerable<(DatasetRow Row, long Epoch, long Position)> all = From(epoch, position);
        foreach ((DatasetRow row, long rowEpoch, long rowPosition) in options.Prefetch > 0 ? all.Prefetch(options.Prefetch) : all)
        {
            (epoch, position) = (rowEpoch, rowPosition + 1);
            yield return row;
        }
    }

    /// <summary>The rows that are left of the present epoch.</summary>
    /// <exception cref="InvalidInputException">A file is damaged or was changed.</exception>
    public IEnumerable<DatasetRow> RestOfEpoch()
    {
        long length = RowsOfEpoch(epoch);
        if (position >= length) (epoch, position, length) = (epoch + 1, 0, RowsOfEpoch(epoch + 1));
        return Rows().Take((int)(length - position));
    }

    private IEnumerable<(DatasetRow, long, long)> From(long startEpoch, long start)
    {
        using ImageStore images = new();
        for (long number = startEpoch; ; number++, start = 0)
        {
            long length = RowsOfEpoch(number), place = 0;
            foreach (Block[] window in Windows(Order(number, options.Rank)))
            {
                int rows = window.Sum(block => block.Rows);
                if (place + rows > start && place < length)
                {
                    images.Clear((long)(Margin * window.Sum(block => block.Bytes)));
                    DatasetRow[] read = [.. window.SelectMany(block => ReadBlock(block, images))];
                    if (read.Length != rows) throw new InvalidInputException($"{dataset.Path}: a file was changed while it was read; open the data set again.");
                    int[] order = options.Shuffle
                        ? new RandomStream(options.Seed, $"rows/{number}/{options.Rank}/{place}").Permutation(rows)
                        : [.. Enumerable.Range(0, rows)];
                    for (int i = 0; i < rows && place + i < length; i++)
                        if (place + i >= start) yield return (read[order[i]].TakeImages(images), number, place + i);
                }
                place += rows;
            }
        }
    }

    private Block[] Order(long number, int rank)
    {
        int[] order = options.Shuffle ? new RandomStream(options.Seed, $"blocks/{number}").Permutation(blocks.Length) : [.. Enumerable.Range(0, blocks.Length)];
        // Each block goes to the rank that has the fewest rows so far, which keeps the ranks within a block of each other.
        if (options.World == 1) return [.. order.Select(block => blocks[block])];
        long[] dealt = new long[options.World];
        List<Block> mine = [];
        foreach (int block in order)
        {
            int to = Array.IndexOf(dealt, dealt.Min());
            dealt[to] += blocks[block].Rows;
            if (to == rank) mine.Add(blocks[block]);
        }
        return [.. mine];
    }

    private IEnumerable<Block[]> Windows(Block[] order)
    {
        List<Block> window = [];
        int rows = 0;
        foreach (Block block in order)
        {
            if (window.Count > 0 && rows + block.Rows > options.WindowRows)
            {
                yield return [.. window];
                (window, rows) = ([], 0);
            }
            window.Add(block);
            rows += block.Rows;
        }
        if (window.Count > 0) yield return [.. window];
    }

    private IEnumerable<DatasetRow> ReadBlock(Block block, ImageStore images)
    {
        RowPosition first = new(block.Config, block.Split, block.File, 0, block.FileStart);
        if (lines.TryGetValue(block.File, out (JsonlRowReader Reader, IReadOnlyList<JsonlPlace> Index) known))
            return known.Reader.Read(block.Start, known.Index[(int)(block.Start / JsonlRowReader.IndexStep)], first, images).Take(block.Rows);
        return ReadParquet();

        IEnumerable<DatasetRow> ReadParquet()
        {
            using IRowReader reader = PreferenceDataset.OpenFile(block.File, dataset.Checked);
            foreach (DatasetRow row in reader.Read(block.Start, first, images).Take(block.Rows)) yield return row;
        }
    }

    private List<Block> BlocksOf(DatasetPart part)
    {
        List<Block> made = [];
        long fileStart = 0;
        foreach (string file in part.Files)
        {
            long rows = dataset.CountRowsOfFile(file), bytes = FileSize.Of(file), start = 0;
            using IRowReader reader = PreferenceDataset.OpenFile(file);
            if (reader is JsonlRowReader json && rows > 0) lines[file] = (json, json.BuildIndex());
            foreach (long group in reader is ParquetRowReader parquet ? parquet.GroupRows : [rows])
            {
                // With several ranks, or a small window, blocks are smaller so that they can be dealt evenly.
                long most = Math.Max(1, Math.Min(Math.Min(LargestBlock, options.WindowRows),
                    options.World == 1 ? long.MaxValue : dataset.CountRows(options.Split, options.Config) / (4 * options.World)));
                for (long done = 0; done < group; done += most)
                {
                    int taken = (int)Math.Min(most, group - done);
                    made.Add(new Block(part.Config, part.Split, file, fileStart, start + done, taken, bytes * taken / rows));
                }
                start += group;
            }
            fileStart += rows;
        }
        return made;
    }

    private string Fingerprint()
    {
        StringBuilder text = new();
        foreach (Block block in blocks) text.Append($"{block.Config}/{block.Split}/{Path.GetFileName(block.File)}/{block.Start}/{block.Rows};");
        text.Append($"{options.Shuffle}/{options.Seed}/{options.Rank}/{options.World}/{options.WindowRows}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..16];
    }

    // bytes: what its rows take in the file
    private sealed record Block(string Config, string Split, string File, long FileStart, long Start, int Rows, long Bytes);
}
