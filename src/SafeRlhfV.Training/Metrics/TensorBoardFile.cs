using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace SafeRlhfV.Training;

/// <summary>
/// An event file for TensorBoard: records with masked CRC-32C, each an Event message with a Summary of scalars. Written here because TorchSharp's SummaryWriter
/// opens the file anew for every value and cannot begin again after a resume. Source: tensorflow/core/util/event.proto and lib/io/record_writer.
/// </summary>
internal sealed class TensorBoardFile : IDisposable
{
    private readonly FileStream stream;

    /// <summary>Begins a file; viewers that have read an earlier one of this run drop what they know of its steps from 1 on.</summary>
    public TensorBoardFile(string folder, DateTimeOffset now)
    {
        Directory.CreateDirectory(folder);
        foreach (string old in Directory.EnumerateFiles(folder, "events.out.tfevents.*")) File.Delete(old);
        stream = new FileStream(Path.Combine(folder, $"events.out.tfevents.{now.ToUnixTimeMilliseconds()}.{Environment.ProcessId}"), FileMode.Create,
            FileAccess.Write, FileShare.Read);
        Event(now, 0, message => message.Bytes(3, Encoding.ASCII.GetBytes("brain.Event:2")));
        Message start = new();
        start.Whole(1, 1); // SessionLog.START
        Event(now, 1, message => message.Bytes(7, start.Written));
        stream.Flush();
    }

    /// <summary>Adds one step's figures.</summary>
    public void Add(DateTimeOffset time, long step, IEnumerable<KeyValuePair<string, double>> values)
    {
        Message summary = new();
        foreach ((string tag, double value) in values)
        {
            Message one = new();
            one.Bytes(1, Encoding.UTF8.GetBytes(tag));
            one.Single(2, (float)value);
            summary.Bytes(1, one.Written);
        }
        Event(time, step, message => message.Bytes(5, summary.Written));
    }

    /// <summary>Hands what is buffered to the system.</summary>
    public void Flush() => stream.Flush();

    public void Dispose() => stream.Dispose();

    private void Event(DateTimeOffset time, long step, Action<Message> content)
    {
        Message message = new();
        message.Double(1, time.ToUnixTimeMilliseconds() / 1000.0);
        message.Whole(2, (ulong)step);
        content(message);
        Record(message.Written);
    }

    private void Record(ReadOnlySpan<byte> data)
    {
        Span<byte> head = stackalloc byte[12], tail = stackalloc byte[4];
        BinaryPrimitives.WriteUInt64LittleEndian(head, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(head[8..], MaskedCrc(head[..8]));
        BinaryPrimitives.WriteUInt32LittleEndian(tail, MaskedCrc(data));
        stream.Write(head);
        stream.Write(data);
        stream.Write(tail);
    }

    private static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte one in data) crc = BitOperations.Crc32C(crc, one);
        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8;
    }

    /// <summary>A protocol buffer under construction.</summary>
    private sealed class Message
    {
        private readonly MemoryStream bytes = new();

        public ReadOnlySpan<byte> Written => bytes.GetBuffer().AsSpan(0, (int)bytes.Length);

        public void Whole(int field, ulong value)
        {
            Varint((ulong)field << 3);
            Varint(value);
        }

        public void Double(int field, double value)
        {
            Varint(((ulong)field << 3) | 1);
            Span<byte> eight = stackalloc byte[8];
            BinaryPrimitives.WriteDoubleLittleEndian(eight, value);
            bytes.Write(eight);
        }

        public void Bytes(int field, ReadOnlySpan<byte> value)
        {
            Varint(((ulong)field << 3) | 2);
            Varint((ulong)value.Length);
            bytes.Write(value);
        }

        public void Single(int field, float value)
        {
            Varint(((ulong)field << 3) | 5);
            Span<byte> four = stackalloc byte[4];
            BinaryPrimitives.WriteSingleLittleEndian(four, value);
            bytes.Write(four);
        }

        private void Varint(ulong value)
        {
            for (; value >= 0x80; value >>= 7) bytes.WriteByte((byte)(value | 0x80));
            bytes.WriteByte((byte)value);
        }
    }
}
