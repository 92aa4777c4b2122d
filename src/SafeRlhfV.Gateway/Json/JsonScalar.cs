using System.Text.Json.Nodes;

namespace SafeRlhfV.Gateway;

/// <summary>The number or flag in a JSON node; null, or false, for any other node.</summary>
internal static class JsonScalar
{
    /// <summary>What <see cref="Whole"/> reads, in words.</summary>
    public const string WholeWords = "a whole number from -9223372036854775808 to 9223372036854775807";

    public static bool? Flag(JsonNode? node) => node is JsonValue value && value.TryGetValue(out bool flag) ? flag : null;

    public static bool IsNumber(JsonNode? node) => node is JsonValue value && value.TryGetValue(out double real) && double.IsFinite(real);

    /// <summary>A whole number of 64 bits, however it is written (3, 3.0, 3e0).</summary>
    public static long? Whole(JsonNode? node) => node is not JsonValue value ? null
        : value.TryGetValue(out long whole) ? whole
        : value.TryGetValue(out double real) && Math.Truncate(real) == real && Math.Abs(real) <= 1L << 53 ? (long)real : null;

    /// <summary>Whether a member of a request is a whole number, so that it goes to the model as one, however it was written.</summary>
    public static bool IsWhole(JsonNode? node, string name, out long whole)
    {
        long? read = name == "dimensions" || RequestFields.ByPath.GetValueOrDefault(name)?.Use == FieldUse.Whole ? Whole(node) : null;
        whole = read ?? 0;
        return read is not null;
    }

    /// <summary>A whole number, cut to 32 bits.</summary>
    public static int? Int(JsonNode? node) => Whole(node) is { } whole ? (int)Math.Clamp(whole, int.MinValue, int.MaxValue) : null;
}
