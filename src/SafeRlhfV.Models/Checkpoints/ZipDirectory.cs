using System.Buffers.Binary;
using System.Text;

namespace SafeRlhfV.Models;

/// <summary>
/// Where the entries of a zip file lie, so that stored ones can be mapped. Reads the central directory (zip64 too); compressed or encrypted entries are
/// refused.
/// Source: PKWARE's APPNOTE, sections 4.3 and 4.5.3.
/// </summary>
internal static class ZipDirectory
{
    private const int EndLength = 22, MaxEntries = 1 << 20;

    /// <summary>Offset and length of every entry's bytes.</summary>
    /// <exception cref="InvalidInputException">The directory is missing (a download that stopped) or malformed.</exception>
    public static Dictionary<string, (long Offset, long Length)> Read(MappedFile file, string path)
    {
        (long at, long count) = FindDirectory(file, path);
        if (count > MaxEntries) throw Broken(path, $"it claims {count} entries");
        Dictionary<string, (long, long)> entries = new(StringComparer.Ordinal);
        for (long i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> header = Bytes(file, at, 46, path);
            if (Int(header, 0) != 0x02014b50) throw Broken(path, "an entry of its directory is malformed");
            int flags = Short(header, 8), method = Short(header, 10), nameLength = Short(header, 28), extraLength = Short(header, 30),
                commentLength = Short(header, 32);
            string name = Encoding.UTF8.GetString(Bytes(file, at + 46, nameLength, path));
            (long length, long packed, long local) = Sizes(header, Bytes(file, at + 46 + nameLength, extraLength, path), path);
            if (method != 0 || packed != length || (flags & 1) != 0)
                throw Broken(path, $"its entry '{name}' is compressed or encrypted, which torch.save never does");
            ReadOnlySpan<byte> start = Bytes(file, local, 30, path);
            if (Int(start, 0) != 0x04034b50) throw Broken(path, $"its entry '{name}' is not where the directory says");
            long offset = local + 30 + Short(start, 26) + Short(start, 28);
            if (length < 0 || offset > file.Length - length) throw Broken(path, $"its entry '{name}' reaches beyond the end");
            if (!entries.TryAdd(name, (offset, length))) throw Broken(path, $"its entry '{name}' is there twice");
            at += 46 + nameLength + extraLength + commentLength;
        }
        return entries;
    }

    private static (long Offset, long Count) FindDirectory(MappedFile file, string path)
    {
        int tail = (int)Math.Min(file.Length, EndLength + ushort.MaxValue);
        ReadOnlySpan<byte> end = file.Bytes(file.Length - tail, tail);
        int found = end.LastIndexOf("PK\x05\x06"u8);
        if (found < 0 || end.Length - found < EndLength)
            throw Broken(path, "the zip directory at its end is missing; the file is cut short, download it again");
        ReadOnlySpan<byte> record = end[found..];
        (long count, long offset) = (Short(record, 10), (uint)Int(record, 16));
        if (count != ushort.MaxValue && offset != uint.MaxValue) return (offset, count);
        ReadOnlySpan<byte> locator = Bytes(file, file.Length - tail + found - 20, 20, path);
        if (Int(locator, 0) != 0x07064b50) throw Broken(path, "its zip64 directory is missing");
        ReadOnlySpan<byte> large = Bytes(file, Long(locator, 8), 56, path);
        if (Int(large, 0) != 0x06064b50) throw Broken(path, "its zip64 directory is malformed");
        return (Long(large, 48), Long(large, 32));
    }

    // sizes and place that do not fit 32 bits stand in the zip64 field, in this order, only those that do not fit
    private static (long Length, long Packed, long Local) Sizes(ReadOnlySpan<byte> header, ReadOnlySpan<byte> extra, string path)
    {
        long[] values = [(uint)Int(header, 24), (uint)Int(header, 20), (uint)Int(header, 42)];
        if (!values.Contains(uint.MaxValue)) return (values[0], values[1], values[2]);
        while (extra.Length >= 4)
        {
            (int kind, int length) = (Short(extra, 0), Short(extra, 2));
            if (length > extra.Length - 4) break;
            ReadOnlySpan<byte> field = extra.Slice(4, length);
            for (int i = 0; kind == 1 && i < 3; i++)
            {
                if (values[i] != uint.MaxValue) continue;
                if (field.Length < 8) throw Broken(path, "a zip64 field of its directory is malformed");
                values[i] = Long(field, 0);
                field = field[8..];
            }
            if (kind == 1) return (values[0], values[1], values[2]);
            extra = extra[(4 + length)..];
        }
        throw Broken(path, "a zip64 field of its directory is missing");
    }

    private static ReadOnlySpan<byte> Bytes(MappedFile file, long offset, int length, string path) =>
        offset >= 0 && offset <= file.Length - length ? file.Bytes(offset, length) : throw Broken(path, "its directory points outside the file");

    private static int Short(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static int Int(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);

    private static long Long(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);

    private static InvalidInputException Broken(string path, string what) => new($"{path}: not a whole torch.save file: {what}.");
}
