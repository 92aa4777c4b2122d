using System.Text;

namespace SafeRlhfV.Guard.Onnx;

/// <summary>Reads the fields of protocol-buffer messages from a file without loading what is skipped.</summary>
internal sealed class ProtobufReader(Stream stream)
{
    private const int LongestText = 1 << 20;

    /// <summary>Where the next byte lies.</summary>
    public long Position => stream.Position;

    /// <summary>The next field of the message that ends at <paramref name="end"/>; false at its end.</summary>
    /// <exception cref="FormatException">The bytes are no message.</exception>
    public bool Next(long end, out int field, out int wire)
    {
        (field, wire) = (0, 0);
        if (stream.Position >= end) return false;
        ulong key = Varint();
        (field, wire) = ((int)(key >> 3), (int)(key & 7));
        return field > 0 ? true : throw new FormatException("a field has no number");
    }

    /// <summary>A whole number.</summary>
    public ulong Varint()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            int next = stream.ReadByte();
            if (next < 0) throw new FormatException("it ends in the middle");
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80) return value;
        }
        throw new FormatException("a number is too long");
    }

    /// <summary>Where the message or text that comes now ends.</summary>
    public long End(int wire, long outer)
    {
        if (wire != 2) throw new FormatException("a message was expected");
        ulong length = Varint();
        return length <= (ulong)Math.Max(0, outer - stream.Position) ? stream.Position + (long)length : throw new FormatException("it ends in the middle");
    }

    /// <summary>A text.</summary>
    public string Text(int wire, long outer)
    {
        long length = End(wire, outer) - stream.Position;
        if (length > LongestText) throw new FormatException("a text is too long");
        byte[] bytes = new byte[length];
        stream.ReadExactly(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>Passes over a field.</summary>
    public void Skip(int wire, long outer)
    {
        switch (wire)
        {
            case 0: Varint(); break;
            case 1: Move(8, outer); break;
            case 2: stream.Position = End(wire, outer); break;
            case 5: Move(4, outer); break;
            default: throw new FormatException($"a field has the unknown kind {wire}");
        }
    }

    private void Move(int bytes, long outer) =>
        stream.Position = stream.Position + bytes <= outer ? stream.Position + bytes : throw new FormatException("it ends in the middle");
}
