using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Evaluation.Tests;

/// <summary>
/// One case of the golden `metrics` or `certificates` objective: its parameters and tensors (safetensors: length, JSON header, raw little-endian data).
/// </summary>
internal sealed class GoldenCase
{
    private readonly JsonElement description;
    private readonly byte[] file;
    private readonly JsonElement header;

    private GoldenCase(JsonElement description, byte[] file, JsonElement header, double relative, double absolute)
    {
        (this.description, this.file, this.header) = (description, file, header);
        (Relative, Absolute) = (relative, absolute);
    }

    public string Name => description.GetProperty("name").GetString()!;
    public JsonElement Parameters => description.GetProperty("params");
    public string Metric => Parameters.GetProperty("metric").GetString()!;
    public double Relative { get; }
    public double Absolute { get; }
    public IEnumerable<string> Outputs => description.GetProperty("outputs").EnumerateObject().Select(output => output.Name);

    /// <summary>Every case of an objective in a set of golden objectives.</summary>
    public static IReadOnlyList<GoldenCase> All(string set = "objectives", string name = "metrics")
    {
        JsonElement objective = JsonDocument.Parse(File.ReadAllText(Golden.At(set, "index.json"))).RootElement.GetProperty("objectives").GetProperty(name);
        byte[] file = File.ReadAllBytes(Golden.At(set, objective.GetProperty("file").GetString()!));
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        JsonElement header = JsonDocument.Parse(file.AsMemory(8, length)).RootElement;
        JsonElement tolerance = objective.GetProperty("tolerance").GetProperty("f64");
        return
        [
            .. objective.GetProperty("cases").EnumerateArray().Select(one => new GoldenCase(
                one, file[(8 + length)..], header, tolerance.GetProperty("rtol").GetDouble(), tolerance.GetProperty("atol").GetDouble())),
        ];
    }

    public double[] Input(string name) => Values("inputs", name);
    public double[] Output(string name) => Values("outputs", name);
    public int[] InputIntegers(string name) => [.. Input(name).Select(value => (int)value)];
    public bool[] InputFlags(string name) => [.. Input(name).Select(value => value != 0)];
    public int[] Shape(string name) =>
        [.. description.GetProperty("inputs").GetProperty(name).GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];

    private double[] Values(string side, string name)
    {
        JsonElement tensor = header.GetProperty(description.GetProperty(side).GetProperty(name).GetProperty("tensor").GetString()!);
        JsonElement offsets = tensor.GetProperty("data_offsets");
        ReadOnlySpan<byte> bytes = file.AsSpan(offsets[0].GetInt32()..offsets[1].GetInt32());
        return tensor.GetProperty("dtype").GetString() switch
        {
            "F64" => MemoryMarshal.Cast<byte, double>(bytes).ToArray(),
            "F32" => [.. MemoryMarshal.Cast<byte, float>(bytes).ToArray().Select(value => (double)value)],
            "I64" => [.. MemoryMarshal.Cast<byte, long>(bytes).ToArray().Select(value => (double)value)],
            "I32" => [.. MemoryMarshal.Cast<byte, int>(bytes).ToArray().Select(value => (double)value)],
            "I16" => [.. MemoryMarshal.Cast<byte, short>(bytes).ToArray().Select(value => (double)value)],
            "BOOL" or "U8" => [.. bytes.ToArray().Select(value => (double)value)],
            var other => throw new NotSupportedException($"{Name}: dtype {other}"),
        };
    }
}
