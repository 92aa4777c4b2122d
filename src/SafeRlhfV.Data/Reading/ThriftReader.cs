using System.Buffers.Binary;

namespace SafeRlhfV.Data;

/// <summary>
/// Reads Thrift's compact encoding into field-number dictionaries: enough for Parquet's footer and page headers. Never allocates by a claimed size.
/// </summary>
internal ref struct ThriftReader(ReadOnlySpan<byte> bytes)
{
    private const int DeepestNesting = 32;

    private readonly ReadOnlySpan<byte> bytes = bytes;
    private int depth;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    /// <summary>Reads a struct. Values are bool, long, double, byte[], List&lt;object&gt; or a nested dictionary.</summary>
    /// <exception cref="EndOfStreamException">The bytes end inside the struct.</exception>
    /// <exception cref="InvalidDataException">The bytes are not Thrift.</exception>
    public Dictionary<int, object> ReadStruct()
    {
        if (++depth > DeepestNesting) throw new InvalidDataException("nested too deep");
        Dictionary<int, object> fields = [];
        int field = 0;
        for (byte header = ReadByte(); header != 0; header = ReadByte())
        {
            field = (header >> 4) is var delta and > 0 ? field + delta : (int)ReadZigZag();
            fields[field] = ReadValue(header & 15, inList: false);
        }
        depth--;
        return fields;
    }

    private object ReadValue(int type, bool inList)
    {
        switch (type)
        {
            case 1 or 2:
                return inList ? ReadByte() == 1 : type == 1;
            case 3:
                return (long)(sbyte)ReadByte();
            case 4 or 5 or 6:
                return ReadZigZag();
            case 7:
                return BinaryPrimitives.ReadDoubleLittleEndian(Take(8));
            case 8:
                return Take(checked((long)ReadVarint())).ToArray();
            case 9 or 10:
                byte header = ReadByte();
                ulong count = header >> 4 == 15 ? ReadVarint() : (ulong)(header >> 4);
                List<object> items = [];
                if (++depth > DeepestNesting) throw new InvalidDataException("nested too deep");
                for (ulong i = 0; i < count; i++) items.Add(ReadValue(header & 15, inList: true));
                depth--;
                return items;
            case 12:
                return ReadStruct();
            default:
                throw new InvalidDataException($"unknown Thrift type {type}");
        }
    }

    private byte ReadByte() => Position < bytes.Length ? bytes[Position++] : throw new EndOfStreamException();

    private ReadOnlySpan<byte> Take(long count)
    {
        if (count < 0 || count > bytes.Length - Position) throw new EndOfStreamException();
        ReadOnlySpan<byte> taken = bytes.Slice(Position, (int)count);
        Position += (int)count;
        return taken;
    }

    private ulong ReadVarint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            byte next = ReadByte();
            value |= (ulong)(next & 127) << shift;
            if (next < 128) return value;
        }
        throw new InvalidDataException("a number is too long");
    }

    private long ReadZigZag()
    {
        ulong value = ReadVarint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }
}
