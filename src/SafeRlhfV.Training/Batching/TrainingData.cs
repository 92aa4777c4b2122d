using SafeRlhfV.Data;
using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>A split of a data set together with what turns its rows into batches.</summary>
/// <param name="dataset">The rows.</param>
/// <param name="processor">The checkpoint's tokenizer, chat format and image processor.</param>
/// <param name="cache">Vision features. Data sets of different folders need caches of their own: a row's place names its pictures.</param>
/// <param name="split">The split; null for all.</param>
/// <param name="config">The configuration (category); null for all.</param>
public sealed class TrainingData(PreferenceDataset dataset, ModelProcessor processor, VisionCache cache, string? split = "train", string? config = null)
{
    private const long WindowBytes = 256L << 20;

    /// <summary>The checkpoint's tokenizer, chat format and image processor.</summary>
    public ModelProcessor Processor => processor;

    /// <summary>Vision features of its pictures.</summary>
    public VisionCache Cache => cache;

    /// <summary>Rows of the split.</summary>
    public long Rows => dataset.CountRows(split, config);

    /// <summary>The rows in random order, epoch after epoch.</summary>
    /// <param name="seed">Decides the order.</param>
    /// <param name="encode">Makes a sample of a row; null leaves it out.</param>
    public RowFeed<T> Feed<T>(long seed, Func<DatasetRow, T?> encode) where T : class => Feed(seed, (row, _) => encode(row));

    /// <summary>The same for samples that differ from epoch to epoch.</summary>
    public RowFeed<T> Feed<T>(long seed, Func<DatasetRow, long, T?> encode) where T : class =>
        new(new DatasetCursor(dataset, new CursorOptions { Split = split, Config = config, Seed = seed, WindowRows = WindowRows() }), encode);

    /// <summary>The rows once, in the files' order.</summary>
    public IEnumerable<DatasetRow> InOrder() => dataset.ReadRows(split, config);

    /// <summary>Puts samples side by side.</summary>
    public SequenceBatch Collate(IReadOnlyList<EncodedSample> samples) => SequenceBatch.Collate(samples, processor.PadTokenId, cache);

    /// <summary>Puts pairs side by side: the rows of all preferred answers, then those of the others.</summary>
    public SequenceBatch Collate(IReadOnlyList<PairSample> pairs) =>
        SequenceBatch.Collate([.. pairs.Select(pair => pair.Preferred), .. pairs.Select(pair => pair.Other)], processor.PadTokenId, cache, answers: 2);

    // rows are stored by category, so the mixing window is as wide as memory allows
    private int WindowRows()
    {
        long bytes = dataset.Parts.SelectMany(part => part.Files).Sum(file => new FileInfo(file).Length), rows = Math.Max(1, dataset.CountRows());
        return (int)Math.Clamp(WindowBytes / Math.Max(1, bytes / rows), 128, 1 << 20);
    }
}
