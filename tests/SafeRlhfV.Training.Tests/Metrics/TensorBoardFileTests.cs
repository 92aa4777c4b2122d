using System.Buffers.Binary;
using System.Text;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Training.Tests;

public sealed class TensorBoardFileTests
{
    [Fact]
    public void RecordsHoldStepsTagsAndValues()
    {
        using TemporaryFolder folder = new();
        DateTimeOffset time = DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_500);
        using (TensorBoardFile file = new(folder.Path, time))
        {
            file.Add(time, 300, new Dictionary<string, double> { ["run/loss"] = 0.5, ["run/größe"] = -1e30 });
            file.Add(time, 301, new Dictionary<string, double> { ["run/loss"] = double.NaN });
        }
        TensorBoardEvent[] events = [.. TensorBoardEvent.ReadFolder(folder.Path)];
        Assert.Equal(["brain.Event:2", null, null, null], events.Select(one => one.Version));
        Assert.Equal([0L, 1, 300, 301], events.Select(one => one.Step));
        Assert.All(events, one => Assert.Equal(1_700_000_000.5, one.Time));
        Assert.True(events[1].IsStart);
        Assert.Equal([("run/loss", 0.5f), ("run/größe", -1e30f)], events[2].Values);
        Assert.True(float.IsNaN(Assert.Single(events[3].Values).Value));
    }

    [Fact]
    public void EventsOfAResumedRunAreThoseOfItsMetrics()
    {
        using TemporaryFolder folder = new();
        RunOptions options = new() { Folder = folder.At("run"), SaveEvery = 3 };
        Assert.Throws<NotFiniteNumberException>(() => SmallRun.Train(options, 9, loss: step => step == 5 ? throw new NotFiniteNumberException() : step));
        SmallRun.Train(options, 9, loss: step => step + 0.5);
        TensorBoardEvent[] events = [.. TensorBoardEvent.ReadFolder(folder.At("run", "tensorboard")).Skip(2)];
        Assert.Equal(Enumerable.Range(1, 9).Select(step => (long)step), events.Select(one => one.Step));
        Assert.Equal([0, 1, 2, 3.5f, 4.5f, 5.5f, 6.5f, 7.5f, 8.5f], events.Select(one => one.Values.Single(value => value.Tag == "small/loss").Value));
    }

    /// <summary>One event, read by the format's description and not by the writer's code.</summary>
    private sealed record TensorBoardEvent(double Time, long Step, string? Version, bool IsStart, IReadOnlyList<(string Tag, float Value)> Values)
    {
        public static IEnumerable<TensorBoardEvent> ReadFolder(string folder)
        {
            byte[] bytes = File.ReadAllBytes(Assert.Single(Directory.EnumerateFiles(folder, "events.out.tfevents.*")));
            for (int at = 0; at < bytes.Length;)
            {
                int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));
                Assert.Equal(Crc(bytes.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 8)));
                byte[] data = bytes[(at + 12)..(at + 12 + length)];
                Assert.Equal(Crc(data), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at + 12 + length)));
                yield return Parse(data);
                at += 16 + length;
            }
        }

        private static TensorBoardEvent Parse(byte[] data)
        {
            TensorBoardEvent made = new(0, 0, null, false, []);
            foreach ((int field, byte[] value) in Fields(data))
                made = field switch
                {
                    1 => made with { Time = BitConverter.ToDouble(value) },
                    2 => made with { Step = BitConverter.ToInt64(value) },
                    3 => made with { Version = Encoding.UTF8.GetString(value) },
                    5 => made with { Values = [.. Fields(value).Select(one => Value(one.Bytes))] },
                    7 => made with { IsStart = Fields(value).Single() is (1, [1, ..]) },
                    _ => throw new InvalidDataException($"field {field}"),
                };
            return made;
        }

        private static (string, float) Value(byte[] data)
        {
            (int, byte[])[] fields = [.. Fields(data)];
            Assert.Equal([1, 2], fields.Select(field => field.Item1));
            return (Encoding.UTF8.GetString(fields[0].Item2), BitConverter.ToSingle(fields[1].Item2));
        }

        private static IEnumerable<(int Field, byte[] Bytes)> Fields(byte[] data)
        {
            for (int at = 0; at < data.Length;)
            {
                ulong key = Varint(data, ref at);
                int size = (int)(key & 7) switch { 1 => 8, 5 => 4, 2 => (int)Varint(data, ref at), 0 => 0, _ => throw new InvalidDataException() };
                byte[] value = (key & 7) == 0 ? BitConverter.GetBytes(Varint(data, ref at)) : data[at..(at += size)];
                yield return ((int)(key >> 3), value);
            }
        }

        private static ulong Varint(byte[] data, ref int at)
        {
            ulong value = 0;
            for (int shift = 0; ; shift += 7)
            {
                value |= (ulong)(data[at] & 0x7f) << shift;
                if (data[at++] < 0x80) return value;
            }
        }

        // bit by bit, after the polynomial; the check value of the polynomial is known
        private static uint Crc(ReadOnlySpan<byte> data)
        {
            Assert.Equal(0xE3069283u, Plain("123456789"u8));
            uint crc = Plain(data);
            return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
        }

        private static uint Plain(ReadOnlySpan<byte> data)
        {
            uint crc = ~0u;
            foreach (byte one in data)
            {
                crc ^= one;
                for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0);
            }
            return ~crc;
        }
    }
}
