using System.Runtime.ExceptionServices;
using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>
/// Draws encoded rows from a data set's cursor, step after step. The next batch may be encoded beside the step. Whatever was encoded ahead, state and counts
/// are those of the samples given so far, so a resumed run gives the same samples.
/// </summary>
/// <typeparam name="T">What a row becomes.</typeparam>
/// <param name="cursor">The rows, without end.</param>
/// <param name="encoder">Counts the texts that were too long.</param>
/// <param name="encode">Makes a sample of a row in an epoch, null to leave it out, and what was too long in it. Called from many threads.</param>
/// <param name="ahead">Whether the next batch is encoded while the caller works on the last one.</param>
public sealed class RowFeed<T>(DatasetCursor cursor, SampleEncoder encoder, Func<DatasetRow, long, (T? Sample, LengthCounts Counts)> encode, bool ahead)
    : IDisposable
    where T : class
{
    // a data set of which this many rows in a row are unfit is the wrong one
    private const int MostInVain = 10_000;

    private readonly Queue<Encoded> waiting = [];
    private CursorState given = cursor.State;
    private IEnumerator<DatasetRow>? rows;
    private Thread? beside;
    private volatile bool stopping;

    /// <summary>The place after the last sample given, for a checkpoint.</summary>
    public CursorState State
    {
        get => given;
        set
        {
            Dispose();
            cursor.State = given = value;
        }
    }

    /// <summary>The next samples, in the cursor's order. Rows are encoded on all cores.</summary>
    /// <exception cref="InvalidInputException">A row is damaged, or no row fits.</exception>
    public IReadOnlyList<T> Next(int count)
    {
        beside?.Join();
        List<T> samples = [];
        for (int vain = 0; samples.Count < count;)
        {
            if (waiting.Count == 0) Encode(count - samples.Count);
            Encoded one = waiting.Dequeue();
            one.Error?.Throw();
            given = one.After;
            encoder.Add(one.Counts!);
            if (one.Sample is { } sample)
            {
                samples.Add(sample);
                vain = 0;
            }
            else if (++vain >= MostInVain)
            {
                throw new InvalidInputException(
                    $"{one.File}: {vain} rows in a row are too long or hold nothing to learn from; look at 'lengths' in the recipe and at the data.");
            }
        }
        int more = count - waiting.Count;
        if (ahead && more > 0)
        {
            beside = new Thread(() => Encode(more)) { IsBackground = true };
            beside.Start();
        }
        return samples;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        stopping = true;
        beside?.Join();
        rows?.Dispose();
        waiting.Clear();
        (beside, rows, stopping) = (null, null, false);
        cursor.State = given;
    }

    // every error waits in the queue at its row, so that the first faulty row is the one that is named
    private void Encode(int count)
    {
        List<(DatasetRow Row, CursorState After)> read = [];
        Encoded? damage = null;
        try
        {
            rows ??= cursor.Rows().GetEnumerator();
            while (read.Count < count && !stopping && rows.MoveNext()) read.Add((rows.Current, cursor.State));
        }
        catch (Exception error)
        {
            damage = new Encoded(cursor.State, Error: ExceptionDispatchInfo.Capture(error));
        }
        Encoded[] encoded = new Encoded[read.Count];
        if (read.Count < 4) for (int i = 0; i < read.Count; i++) encoded[i] = Encode(read[i].Row, read[i].After);
        else Parallel.For(0, read.Count, i => encoded[i] = Encode(read[i].Row, read[i].After));
        foreach (Encoded one in damage is null ? encoded : encoded.Append(damage)) waiting.Enqueue(one);
    }

    private Encoded Encode(DatasetRow row, CursorState after)
    {
        try
        {
            (T? sample, LengthCounts counts) = stopping ? default : encode(row, after.Epoch);
            return new Encoded(after, row.Position.File, sample, counts);
        }
        catch (Exception error)
        {
            return new Encoded(after, Error: ExceptionDispatchInfo.Capture(error));
        }
    }

    private sealed record Encoded(CursorState After, string? File = null, T? Sample = null, LengthCounts? Counts = null, ExceptionDispatchInfo? Error = null);
}
