using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>Draws encoded rows from a data set's cursor, step after step, and stands in a checkpoint by the cursor's state.</summary>
/// <typeparam name="T">What a row becomes.</typeparam>
/// <param name="cursor">The rows, without end.</param>
/// <param name="encode">Makes a sample of a row in an epoch; null leaves it out.</param>
public sealed class RowFeed<T>(DatasetCursor cursor, Func<DatasetRow, long, T?> encode) : IDisposable where T : class
{
    // a data set of which this many rows in a row are unfit is the wrong one
    private const int MostInVain = 10_000;

    private IEnumerator<DatasetRow>? rows;

    /// <summary>The cursor's place, for a checkpoint.</summary>
    public CursorState State
    {
        get => cursor.State;
        set
        {
            Dispose();
            cursor.State = value;
        }
    }

    /// <summary>The next samples. Rows are encoded on all cores, and come in the cursor's order.</summary>
    /// <exception cref="InvalidInputException">A row is damaged, or no row fits.</exception>
    public IReadOnlyList<T> Next(int count)
    {
        rows ??= cursor.Rows().GetEnumerator();
        List<T> samples = [];
        int vain = 0;
        while (samples.Count < count)
        {
            List<(DatasetRow Row, long Epoch)> taken = [];
            while (taken.Count < count - samples.Count && rows.MoveNext()) taken.Add((rows.Current, cursor.State.Epoch));
            int before = samples.Count;
            samples.AddRange(Encode(taken).OfType<T>());
            vain = samples.Count > before ? 0 : vain + taken.Count;
            if (vain >= MostInVain) throw new InvalidInputException($"{taken[0].Row.Position.File}: {vain} rows in a row are too long or hold nothing to learn from; look at 'lengths' in the recipe and at the data.");
        }
        return samples;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        rows?.Dispose();
        rows = null;
    }

    private T?[] Encode(List<(DatasetRow Row, long Epoch)> taken)
    {
        T?[] encoded = new T?[taken.Count];
        if (taken.Count < 4) for (int i = 0; i < taken.Count; i++) encoded[i] = encode(taken[i].Row, taken[i].Epoch);
        else
        {
            try
            {
                Parallel.For(0, taken.Count, i => encoded[i] = encode(taken[i].Row, taken[i].Epoch));
            }
            catch (AggregateException error) when (error.InnerException is InvalidInputException inner)
            {
                throw inner;
            }
        }
        return encoded;
    }
}
