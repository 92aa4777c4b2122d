using System.Buffers.Binary;
using System.Text.Json;
using SafeRlhfV.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Writes safetensors files: aside, flushed to the disk, then renamed, so that a kill leaves the old file or the new one.</summary>
public static class SafetensorsWriter
{
    private const int Step = 1 << 26;

    /// <summary>Writes tensors under their names, converted one at a time if <paramref name="dtype"/> is given (weights only; integer tensors stay as they are).</summary>
    /// <exception cref="InvalidInputException">The file cannot be written.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? dtype = null)
    {
        // wide types first, so that every tensor starts aligned
        var ordered = tensors.Select(pair => (Name: pair.Key, Tensor: pair.Value, Type: Stored(pair.Value, dtype)))
            .OrderByDescending(item => SafetensorsTypes.Size(item.Type)).ThenBy(item => item.Name, StringComparer.Ordinal).ToList();
        byte[] header = Header(ordered, metadata);
        string aside = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            using (FileStream stream = new(aside, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16))
            {
                Span<byte> length = stackalloc byte[8];
                BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
                stream.Write(length);
                stream.Write(header);
                foreach (var (_, tensor, type) in ordered) WriteTensor(stream, tensor, type);
                stream.Flush(flushToDisk: true);
            }
            File.Move(aside, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            File.Delete(aside);
            throw new InvalidInputException($"{path}: cannot be written ({error.Message}).", error);
        }
    }

    private static ScalarType Stored(Tensor tensor, ScalarType? wanted) => wanted is { } type && tensor.is_floating_point() ? type : tensor.dtype;

    private static byte[] Header(List<(string Name, Tensor Tensor, ScalarType Type)> ordered, IReadOnlyDictionary<string, string>? metadata)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter json = new(stream))
        {
            json.WriteStartObject();
            json.WriteStartObject("__metadata__");
            foreach ((string key, string value) in metadata ?? new Dictionary<string, string> { ["format"] = "pt" }) json.WriteString(key, value);
            json.WriteEndObject();
            long at = 0;
            foreach (var (name, tensor, type) in ordered)
            {
                long bytes = tensor.numel() * SafetensorsTypes.Size(type);
                json.WriteStartObject(name);
                json.WriteString("dtype", SafetensorsTypes.Name(type));
                json.WriteStartArray("shape");
                foreach (long size in tensor.shape) json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(at);
                json.WriteNumberValue(at + bytes);
                json.WriteEndArray();
                json.WriteEndObject();
                at += bytes;
            }
            json.WriteEndObject();
        }
        while (stream.Length % 8 != 0) stream.WriteByte((byte)' ');
        return stream.ToArray();
    }

    private static void WriteTensor(FileStream stream, Tensor tensor, ScalarType type)
    {
        if (tensor.numel() == 0) return;
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Tensor flat = tensor.detach().reshape(-1);
        long count = flat.shape[0], step = Step / SafetensorsTypes.Size(type);
        for (long done = 0; done < count; done += step)
        {
            using DisposeScope inner = NewDisposeScope();
            Tensor part = flat.narrow(0, done, Math.Min(step, count - done)).to(type).cpu().contiguous();
            stream.Write(part.bytes);
        }
    }
}
