using SafeRlhfV.Data;
using SafeRlhfV.Processing;
using TorchSharp;

namespace SafeRlhfV.Training;

/// <summary>A split of a data set together with what turns its rows into batches.</summary>
/// <param name="dataset">The rows.</param>
/// <param name="processor">The checkpoint's tokenizer, chat format and image processor.</param>
/// <param name="cache">Vision features; several data sets may share one cache, since a row's file and place in it name its images.</param>
/// <param name="split">The split; null for all.</param>
/// <param name="config">The configuration (category); null for all.</param>
/// <param name="categories">The data set's own names of categories, and those of the taxonomy that they stand for.</param>
public sealed class TrainingData(
    PreferenceDataset dataset, ModelProcessor processor, VisionCache cache, string? split = "train", string? config = null,
    IReadOnlyDictionary<string, string>? categories = null)
{
    private const long WindowBytes = 256L << 20;

    /// <summary>The checkpoint's tokenizer, chat format and image processor.</summary>
    public ModelProcessor Processor => processor;

    /// <summary>Vision features of its images.</summary>
    public VisionCache Cache => cache;

    /// <summary>Where the data set lies.</summary>
    public string Path => dataset.Path;

    /// <summary>Rows of the split.</summary>
    public long Rows => dataset.CountRows(split, config);

    /// <summary>The rows in random order, epoch after epoch.</summary>
    /// <param name="seed">Decides the order.</param>
    /// <param name="parts">What of a row is looked at.</param>
    /// <param name="encoder">The encoder of the samples; it counts the texts of the samples that were given.</param>
    /// <param name="encode">Makes a sample of a row with the encoder that it is given; null leaves the row out.</param>
    /// <param name="ahead">Whether the next batch is encoded while the caller works on the last one; null = where the model is on a GPU.</param>
    public RowFeed<T> Feed<T>(long seed, RecordParts parts, SampleEncoder encoder, Func<ConversationRecord, SampleEncoder, T?> encode, bool? ahead = null)
        where T : class =>
        Feed(seed, parts, encoder, (row, _, with) => encode(row, with), ahead);

    /// <summary>The same for samples that differ from epoch to epoch.</summary>
    public RowFeed<T> Feed<T>(long seed, RecordParts parts, SampleEncoder encoder, Func<ConversationRecord, long, SampleEncoder, T?> encode, bool? ahead = null)
        where T : class
    {
        DatasetCursor cursor = new(dataset, new CursorOptions { Split = split, Config = config, Seed = seed, WindowRows = WindowRows() });
        return new(cursor, encoder, Encode, ahead ?? cache.Device.type != DeviceType.CPU);

        (T?, LengthCounts) Encode(DatasetRow row, long epoch)
        {
            SampleEncoder own = encoder.For(cache);
            return (encode(row.ToRecord(parts, categories), epoch, own), own.Counts);
        }
    }

    /// <summary>Counts the rows from which samples are made. No image is decoded: lengths follow from its size.</summary>
    /// <param name="parts">What of a row is looked at.</param>
    /// <param name="encoder">The encoder of the samples; its counts stay as they are.</param>
    /// <param name="encode">Makes a sample of a row; null leaves it out.</param>
    /// <param name="cancellationToken">Stops.</param>
    /// <exception cref="InvalidInputException">A row is damaged, or none can be used.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public UsableRows CountUsable<T>(RecordParts parts, SampleEncoder encoder, Func<ConversationRecord, SampleEncoder, T?> encode,
        CancellationToken cancellationToken = default) where T : class
    {
        SampleEncoder lengths = encoder.ForLengths();
        long usable = 0, reordered = 0;
        ForEach(parts, row =>
        {
            T? sample = encode(row, lengths);
            if (sample is not null) Interlocked.Increment(ref usable);
            if (sample is PairSample { IsReordered: true }) Interlocked.Increment(ref reordered);
        }, cancellationToken);
        return Demand(new UsableRows(Rows, usable, lengths.Dropped) { BothUnsafe = lengths.BothUnsafe, Reordered = reordered }, parts);
    }

    /// <summary>The counts, if any row can be used.</summary>
    /// <exception cref="InvalidInputException">None can; the message names the columns that are empty in all rows.</exception>
    public UsableRows Demand(UsableRows rows, RecordParts parts)
    {
        if (rows.Usable > 0) return rows;
        IReadOnlyList<string> empty = rows.TooLong + rows.BothUnsafe == rows.Rows ? [] : dataset.EmptyColumns(parts, split, config);
        string advice = empty.Count > 0 ? ForeignData.Advice(Path) ?? $"no row has {string.Join(", ", empty)}"
            : rows.BothUnsafe > rows.TooLong ? "training.both_unsafe=keep learns from pairs of two unsafe answers too"
            : "look at 'lengths' in the recipe and at the data";
        throw new InvalidInputException($"{Path}: {(rows.Rows == 1 ? "its only row cannot" : $"none of its {rows.Rows} rows can")} be used: "
            + $"{rows.Reasons}; {advice}.");
    }

    /// <summary>Shows every row once, on all cores and in no order.</summary>
    /// <exception cref="InvalidInputException">A row is damaged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void ForEach(RecordParts parts, Action<ConversationRecord> look, CancellationToken cancellationToken) =>
        AllCores.ForEach(dataset.ReadRows(split, config), row => look(row.ToRecord(parts, categories)), cancellationToken);

    /// <summary>The rows once, in the files' order.</summary>
    public IEnumerable<ConversationRecord> InOrder(RecordParts parts) => dataset.ReadRecords(parts, split, config, categories);

    /// <summary>The same pairs as another model's tower sees them: that of a frozen reference, where the policy's own tower is trained.</summary>
    /// <param name="batch">The batch of <paramref name="pairs"/>.</param>
    /// <param name="pairs">The pairs.</param>
    /// <param name="tower">Features of the other model's tower.</param>
    public static SequenceBatch SeenBy(SequenceBatch batch, IReadOnlyList<PairSample> pairs, VisionCache tower) =>
        batch with { Features = tower.Features(pairs.Select(pair => pair.Preferred)) };

    /// <summary>Puts samples side by side.</summary>
    public SequenceBatch Collate(IReadOnlyList<EncodedSample> samples) => SequenceBatch.Collate(samples, processor.PadTokenId, cache);

    /// <summary>Puts pairs side by side: the rows of all preferred answers, then those of the others.</summary>
    public SequenceBatch Collate(IReadOnlyList<PairSample> pairs) =>
        SequenceBatch.Collate([.. pairs.Select(pair => pair.Preferred), .. pairs.Select(pair => pair.Other)], processor.PadTokenId, cache, answers: 2);

    // rows are stored by category, so the mixing window is as wide as memory allows
    private int WindowRows()
    {
        long bytes = dataset.Parts.SelectMany(part => part.Files).Sum(file => FileSize.Of(file)), rows = Math.Max(1, dataset.CountRows());
        return (int)Math.Clamp(WindowBytes / Math.Max(1, bytes / rows), 128, 1 << 20);
    }
}
