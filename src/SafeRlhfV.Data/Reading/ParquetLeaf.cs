using System.Globalization;
using System.Text;
using ParquetSharp;

namespace SafeRlhfV.Data;

/// <summary>Reads one physical column of a row group in lockstep with the others, at the lowest level: definition levels and raw values.</summary>
/// <remarks>The logical readers of the package would decode text leniently and hold whole row groups; here a bad byte is an error at its row.</remarks>
internal sealed class ParquetLeaf(int column, string name) : IDisposable
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly short[] levels = new short[ParquetRowReader.BatchRows];
    private readonly ByteArray[] slices = new ByteArray[ParquetRowReader.BatchRows];
    private readonly long[] longs = new long[ParquetRowReader.BatchRows];
    private ColumnReader? reader;
    private short maxLevel;

    /// <summary>The column's name.</summary>
    public string Name => name;

    /// <summary>The definition level of each row in the batch: how deep the value is there.</summary>
    public ReadOnlySpan<short> Levels => levels;

    /// <summary>Goes to a row group and skips rows in it.</summary>
    public void Open(RowGroupReader group, long skip)
    {
        reader?.Dispose();
        reader = group.Column(column);
        maxLevel = reader.ColumnDescriptor.MaxDefinitionLevel;
        while (skip > 0)
        {
            long skipped = reader.Skip(skip);
            if (skipped <= 0) throw new InvalidDataException("the column has fewer rows than its row group");
            skip -= skipped;
        }
    }

    /// <summary>
    /// Reads <paramref name="rows"/> texts; null where there is none. An invalid text is left null and reported by its row. Numbers and booleans become their
    /// words.
    /// </summary>
    public void ReadText(int rows, string?[] texts, Action<int> onInvalid)
    {
        if (reader is not ColumnReader<ByteArray>)
            ReadValues(rows, number => number.ToString(CultureInfo.InvariantCulture), texts,
                reader is ColumnReader<bool> ? number => number > 0 ? "true" : "false" : null);
        else ReadSlices(rows, (row, slice) =>
        {
            texts[row] = null;
            if (slice is not { } bytes) return;
            try
            {
                texts[row] = Strict.GetString(Span(bytes));
            }
            catch (DecoderFallbackException)
            {
                onInvalid(row);
            }
        });
    }

    /// <summary>Reads <paramref name="rows"/> byte strings, each for <paramref name="take"/> with its row; what is taken must be copied at once.</summary>
    public void ReadBytes(int rows, Action<int, ReadOnlySpan<byte>> take) => ReadSlices(rows, (row, slice) =>
    {
        if (slice is { } bytes) take(row, Span(bytes));
    });

    /// <summary>
    /// Reads <paramref name="rows"/> whole numbers; null where there is none. Whole numbers stored as floats are read, others are reported by their row.
    /// </summary>
    public void ReadIntegers(int rows, long?[] values, Action<int, double> onFraction)
    {
        for (int done = 0; done < rows;)
        {
            (int read, Func<int, double> value) = ReadNumbers(rows - done, done);
            for (int i = 0, next = 0; i < read; i++)
            {
                values[done + i] = null;
                if (!IsPresent(done + i)) continue;
                double number = value(next);
                values[done + i] = reader is ColumnReader<long> or ColumnReader<int> ? longs[next] : LabelWords.Whole(number);
                if (values[done + i] is null) onFraction(done + i, number);
                next++;
            }
            done += Advance(read);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => reader?.Dispose();

    private void ReadValues(int rows, Func<double, string> word, string?[] texts, Func<double, string>? boolean)
    {
        for (int done = 0; done < rows;)
        {
            (int read, Func<int, double> value) = ReadNumbers(rows - done, done);
            for (int i = 0, next = 0; i < read; i++) texts[done + i] = IsPresent(done + i) ? (boolean ?? word)(value(next++)) : null;
            done += Advance(read);
        }
    }

    /// <summary>Reads numbers of any width; whole ones stand in <see cref="longs"/> too.</summary>
    private (int Read, Func<int, double> Value) ReadNumbers(int rows, int done)
    {
        Span<short> at = levels.AsSpan(done, rows);
        switch (reader)
        {
            case ColumnReader<long> wide: return ((int)wide.ReadBatch(rows, at, [], longs, out _), i => longs[i]);
            case ColumnReader<int> narrow:
                int[] ints = new int[rows];
                int read = (int)narrow.ReadBatch(rows, at, [], ints, out long found);
                for (int i = 0; i < found; i++) longs[i] = ints[i];
                return (read, i => longs[i]);
            case ColumnReader<double> floating:
                double[] doubles = new double[rows];
                return ((int)floating.ReadBatch(rows, at, [], doubles, out _), i => doubles[i]);
            case ColumnReader<float> single:
                float[] floats = new float[rows];
                return ((int)single.ReadBatch(rows, at, [], floats, out _), i => floats[i]);
            default:
                bool[] flags = new bool[rows];
                return ((int)((ColumnReader<bool>)reader!).ReadBatch(rows, at, [], flags, out _), i => flags[i] ? 1 : 0);
        }
    }

    private void ReadSlices(int rows, Action<int, ByteArray?> take)
    {
        ColumnReader<ByteArray> typed = (ColumnReader<ByteArray>)reader!;
        for (int done = 0; done < rows;)
        {
            // A batch ends at a page's end, and its pointers hold only until the next call.
            long read = typed.ReadBatch(rows - done, levels.AsSpan(done, rows - done), [], slices, out _);
            for (int i = 0, next = 0; i < read; i++) take(done + i, IsPresent(done + i) ? slices[next++] : null);
            done += Advance(read);
        }
    }

    private bool IsPresent(int row)
    {
        if (maxLevel == 0) levels[row] = 0; // required columns have no levels
        return levels[row] == maxLevel;
    }

    private static int Advance(long read) => read > 0 ? (int)read : throw new InvalidDataException("the column has fewer rows than its row group");

    private static unsafe ReadOnlySpan<byte> Span(ByteArray bytes) => new((void*)bytes.Pointer, bytes.Length);
}
