using System.Text.Json;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>Reads and checks the header of a safetensors file: names, types, shapes, and byte ranges that fill the file without gap or overlap.</summary>
internal static class SafetensorsHeader
{
    /// <summary>Longest header that is read, as in the reference implementation.</summary>
    public const long MaxHeaderBytes = 100_000_000;

    private const int MaxDimensions = 16;

    public static (Dictionary<string, TensorEntry> Entries, Dictionary<string, string> Metadata) Parse(ReadOnlySpan<byte> json, long dataStart, long fileLength,
        string path)
    {
        Dictionary<string, TensorEntry> entries = [];
        Dictionary<string, string> metadata = [];
        try
        {
            Utf8JsonReader reader = new(json, new JsonReaderOptions { MaxDepth = 8 });
            Expect(ref reader, JsonTokenType.StartObject);
            while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
            {
                string name = reader.GetString()!;
                if (name == "__metadata__")
                {
                    ReadMetadata(ref reader, metadata);
                    continue;
                }
                TensorEntry entry = ReadEntry(ref reader, name, dataStart, fileLength, path);
                if (!entries.TryAdd(name, entry)) throw new InvalidInputException($"{path}: tensor '{name}' is listed twice in the header.");
            }
            while (reader.Read()) throw new JsonException("text after the header's object");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            throw new InvalidInputException($"{path}: the safetensors header is not valid JSON of the expected form ({error.Message.Split('\n')[0]}).", error);
        }
        CheckCover(entries.Values, dataStart, fileLength, path);
        return (entries, metadata);
    }

    private static void ReadMetadata(ref Utf8JsonReader reader, Dictionary<string, string> metadata)
    {
        Expect(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string key = reader.GetString()!;
            Expect(ref reader, JsonTokenType.String);
            metadata[key] = reader.GetString()!;
        }
    }

    private static TensorEntry ReadEntry(ref Utf8JsonReader reader, string name, long dataStart, long fileLength, string path)
    {
        string? type = null;
        List<long>? shape = null, range = null;
        Expect(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            string key = reader.GetString()!;
            switch (key)
            {
                case "dtype": Expect(ref reader, JsonTokenType.String); type = reader.GetString(); break;
                case "shape": shape = ReadNumbers(ref reader); break;
                case "data_offsets": range = ReadNumbers(ref reader); break;
                default: throw new JsonException($"tensor '{name}' has an unknown field '{key}'");
            }
        }
        if (type is null || shape is null || range is not { Count: 2 }) throw new JsonException($"tensor '{name}' lacks dtype, shape or data_offsets");
        ScalarType dtype = SafetensorsTypes.Parse(type) ?? throw new InvalidInputException(
            $"{path}: tensor '{name}' has the unsupported type '{type}'; take the original checkpoint in bfloat16, float16 or float32, not a quantised one.");
        long dataLength = fileLength - dataStart, bytes = SafetensorsTypes.Size(dtype);
        foreach (long size in shape)
            if (size < 0 || (size > 0 && bytes > long.MaxValue / size))
                throw new InvalidInputException($"{path}: tensor '{name}' has an impossible shape [{string.Join(", ", shape)}].");
            else bytes *= size;
        (long begin, long end) = (range[0], range[1]);
        if (begin < 0 || end < begin || end > dataLength)
            throw new InvalidInputException($"{path}: tensor '{name}' lies at bytes {begin} to {end}, outside the {dataLength} bytes of data; the file may be "
                + "cut short.");
        if (end - begin != bytes)
            throw new InvalidInputException($"{path}: tensor '{name}' takes {end - begin} bytes, but {type} [{string.Join(", ", shape)}] needs {bytes}.");
        return new TensorEntry(name, dtype, shape, dataStart + begin, bytes);
    }

    private static List<long> ReadNumbers(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartArray);
        List<long> numbers = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (numbers.Count == MaxDimensions) throw new JsonException($"more than {MaxDimensions} numbers in a list");
            numbers.Add(reader.GetInt64());
        }
        return numbers;
    }

    private static void CheckCover(IEnumerable<TensorEntry> entries, long dataStart, long fileLength, string path)
    {
        long at = dataStart;
        foreach (TensorEntry entry in entries.OrderBy(entry => entry.Offset).ThenBy(entry => entry.Length))
        {
            if (entry.Offset < at) throw new InvalidInputException($"{path}: tensor '{entry.Name}' overlaps the one before it.");
            if (entry.Offset > at) throw new InvalidInputException($"{path}: {entry.Offset - at} bytes before tensor '{entry.Name}' belong to no tensor.");
            at = entry.Offset + entry.Length;
        }
        if (at != fileLength) throw new InvalidInputException($"{path}: {fileLength - at} bytes after the last tensor belong to no tensor.");
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (!reader.Read() || reader.TokenType != type) throw new JsonException($"{type} expected");
    }
}
