using System.Buffers.Binary;

namespace SafeRlhfV.Data;

/// <summary>
/// Compares the statistics in a column's page headers with those in the footer. A page's checksum covers its data but not its header, so
/// damage there is seen by nothing else.
/// </summary>
internal sealed class ParquetPageCheck
{
    private const int FirstRead = 1 << 13, LongestHeader = 1 << 24;
    private const int Int32Type = 1, Int64Type = 2, ByteArrayType = 6;

    private readonly string file;
    private readonly List<object> groups;

    private ParquetPageCheck(string file, List<object> groups) => (this.file, this.groups) = (file, groups);

    /// <summary>Reads the footer; null where it has a shape that this check does not know.</summary>
    public static ParquetPageCheck? Open(string file)
    {
        using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        Span<byte> tail = stackalloc byte[8];
        stream.Seek(-8, SeekOrigin.End);
        stream.ReadExactly(tail);
        int size = BinaryPrimitives.ReadInt32LittleEndian(tail);
        if (size <= 0 || size > stream.Length - 12) return null;
        byte[] footer = new byte[size];
        stream.Seek(-8 - size, SeekOrigin.End);
        stream.ReadExactly(footer);
        try
        {
            return new ThriftReader(footer).ReadStruct().GetValueOrDefault(4) is List<object> groups ? new ParquetPageCheck(file, groups) : null;
        }
        catch (Exception error) when (error is InvalidDataException or EndOfStreamException or OverflowException)
        {
            return null;
        }
    }

    /// <summary>Checks every column of a row group.</summary>
    /// <exception cref="InvalidInputException">A page header is damaged; the column is named.</exception>
    public void Check(int group, Func<string, bool> isRead)
    {
        if (group >= groups.Count || Field<List<object>>(groups[group], 1) is not { } chunks) return;
        using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        foreach (object chunk in chunks)
        {
            if (Field<Dictionary<int, object>>(chunk, 3) is not { } meta || Field<List<object>>(meta, 3) is not { Count: > 0 } path
                || path[0] is not byte[] name) continue;
            string column = System.Text.Encoding.UTF8.GetString(name);
            if (isRead(column) && Disagrees(stream, meta))
                throw new InvalidInputException(new Finding(Fault.CorruptPage, FindingSeverity.Error, file, null, [column],
                    $"a page of the column is damaged (row group {group}: its header contradicts the footer); fetch or write the file again."));
        }
    }

    private static bool Disagrees(FileStream stream, Dictionary<int, object> meta)
    {
        if (Field<Dictionary<int, object>>(meta, 12) is not { } whole || Exact(whole, 5) is not { } highest || Exact(whole, 6) is not { } lowest) return false;
        long type = Number(meta, 1), start = Number(meta, 9), dictionary = Number(meta, 11), size = Number(meta, 7);
        if (dictionary > 0 && dictionary < start) start = dictionary;
        if (start <= 0 || size <= 0 || start + size > stream.Length) return false;
        byte[]? high = null, low = null;
        for (long at = start, end = start + size; at < end;)
        {
            if (ReadHeader(stream, at, end) is not { } header) return true;
            (Dictionary<int, object> page, int length) = header;
            long body = Number(page, 3);
            if (body < 0 || at + length + body > end) return true;
            Dictionary<int, object>? data = Field<Dictionary<int, object>>(page, 5), dataV2 = Field<Dictionary<int, object>>(page, 8);
            if ((data ?? dataV2) is { } some)
            {
                if (Field<Dictionary<int, object>>(some, data is not null ? 5 : 8) is not { } statistics) return false;
                byte[]? max = Exact(statistics, 5), min = Exact(statistics, 6);
                bool onlyNulls = Number(statistics, 3) == Number(some, 1) && Number(some, 1) > 0;
                if (max is not null && min is not null)
                {
                    if (high is null || Compare(type, max, high) > 0) high = max;
                    if (low is null || Compare(type, min, low) < 0) low = min;
                }
                else if (!onlyNulls) return false;
            }
            at += length + body;
        }
        // A writer may cut long statistics, so only equal lengths are compared.
        return high is not null && low is not null
            && (high.Length == highest.Length && !high.AsSpan().SequenceEqual(highest) || low.Length == lowest.Length && !low.AsSpan().SequenceEqual(lowest));
    }

    private static (Dictionary<int, object> Page, int Length)? ReadHeader(FileStream stream, long at, long end)
    {
        for (int size = FirstRead; ; size *= 4)
        {
            byte[] bytes = new byte[(int)Math.Min(size, end - at)];
            stream.Seek(at, SeekOrigin.Begin);
            stream.ReadExactly(bytes);
            try
            {
                ThriftReader reader = new(bytes);
                Dictionary<int, object> page = reader.ReadStruct();
                return (page, reader.Position);
            }
            catch (EndOfStreamException) when (bytes.Length == size && size < LongestHeader)
            {
                // The header is longer than what was read.
            }
            catch (Exception error) when (error is InvalidDataException or EndOfStreamException or OverflowException)
            {
                return null;
            }
        }
    }

    private static int Compare(long type, byte[] left, byte[] right) => type switch
    {
        Int32Type when left.Length == 4 && right.Length == 4 => BitConverter.ToInt32(left).CompareTo(BitConverter.ToInt32(right)),
        Int64Type when left.Length == 8 && right.Length == 8 => BitConverter.ToInt64(left).CompareTo(BitConverter.ToInt64(right)),
        ByteArrayType => left.AsSpan().SequenceCompareTo(right),
        _ => 0,
    };

    /// <summary>A bound, unless the writer says that it was cut.</summary>
    private static byte[]? Exact(Dictionary<int, object> statistics, int field) => statistics.GetValueOrDefault(field == 5 ? 7 : 8) is false
        ? null
        : Field<byte[]>(statistics, field);

    private static T? Field<T>(object value, int field)
        where T : class => value is Dictionary<int, object> fields ? fields.GetValueOrDefault(field) as T : null;

    private static long Number(Dictionary<int, object> fields, int field) => fields.GetValueOrDefault(field) is long number ? number : 0;
}
