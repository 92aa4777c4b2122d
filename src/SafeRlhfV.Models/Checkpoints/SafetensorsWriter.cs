using System.Buffers.Binary;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Writes safetensors files: aside, flushed to the disk, then renamed, so that a kill leaves the old file or the new one.</summary>
public static class SafetensorsWriter
{
    private const int Step = 1 << 26;

    /// <summary>
    /// Writes tensors under their names, converted one at a time if <paramref name="dtype"/> is given (weights only; integer tensors stay as they are).
    /// </summary>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null,
        ScalarType? dtype = null) =>
        Write(path, [.. tensors.Select(pair => PendingTensor.Of(pair.Key, pair.Value, dtype))], metadata);

    /// <summary>Writes tensors that are made one at a time.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">The tensors; each is opened once, in the order of <see cref="Ordered"/>.</param>
    /// <param name="metadata">The header's free text fields.</param>
    /// <param name="written">Called after each tensor.</param>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    public static void Write(
        string path, IReadOnlyList<PendingTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null, Action<PendingTensor>? written = null)
    {
        IReadOnlyList<PendingTensor> ordered = Ordered(tensors);
        byte[] header = Header(ordered, metadata);
        AtomicFile.Write(path, stream =>
        {
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
            stream.Write(length);
            stream.Write(header);
            foreach (PendingTensor item in ordered)
            {
                WriteTensor(stream, item);
                written?.Invoke(item);
            }
        });
    }

    /// <summary>The order in which tensors stand in a file and are opened: wide types first, so that every tensor starts aligned.</summary>
    public static IReadOnlyList<PendingTensor> Ordered(IEnumerable<PendingTensor> tensors) =>
        [.. tensors.OrderByDescending(item => SafetensorsTypes.Size(item.Type)).ThenBy(item => item.Name, StringComparer.Ordinal)];

    private static byte[] Header(IReadOnlyList<PendingTensor> ordered, IReadOnlyDictionary<string, string>? metadata)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            foreach ((string key, string value) in metadata ?? new Dictionary<string, string> { ["format"] = "pt" }) json.WriteString(key, value);
            json.WriteEndObject();
            long at = 0;
            foreach (PendingTensor item in ordered)
            {
                json.WriteStartObject(item.Name);
                json.WriteString("dtype", SafetensorsTypes.Name(item.Type));
                json.WriteStartArray("shape");
                foreach (long size in item.Shape) json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(at);
                json.WriteNumberValue(at + item.Bytes);
                json.WriteEndArray();
                json.WriteEndObject();
                at += item.Bytes;
            }
            json.WriteEndObject();
        }
        while (stream.Length % 8 != 0) stream.WriteByte((byte)' ');
        return stream.ToArray();
    }

    private static void WriteTensor(Stream stream, PendingTensor item)
    {
        if (item.Bytes == 0) return;
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Tensor flat = item.Open().detach().reshape(-1);
        long count = flat.shape[0], step = Step / SafetensorsTypes.Size(item.Type);
        if (count * SafetensorsTypes.Size(item.Type) != item.Bytes)
            throw new ArgumentException($"'{item.Name}' has {count} numbers; its announced shape has not.", nameof(item));
        for (long done = 0; done < count; done += step)
        {
            using DisposeScope inner = NewDisposeScope();
            Tensor part = flat.narrow(0, done, Math.Min(step, count - done)).to(item.Type).cpu().contiguous();
            stream.Write(part.bytes);
        }
    }
}
