using System.Text;
using System.Text.Json.Nodes;
using CsCheck;

namespace SafeRlhfV.Models.Tests;

/// <summary>Breaks files for the parsers' tests: bytes anywhere, or one value of a JSON document.</summary>
internal static class Mutation
{
    private static readonly string[] Values =
    [
        "null", "true", "[]", "{}", "\"\"", "\"../../etc/passwd\"", "\"\\ud800\"", "-1", "0", "1", "2", "3", "1e308", "1e999", "0.5", "9223372036854775807",
        "99999999999999999999", "16777216", "16777217", "65536",
        "[-1]", "[0, 0]", "[[1, 2]]", "[1e9]", "{\"a\": {\"b\": []}}", "\"bfloat16\"", "\"llama\"", "\"yarn\"", "\"qwen3_vl_text\"",
        new string('[', 70) + new string(']', 70),
    ];

    /// <summary>Where and how: a place (as a share of what is there), a kind of change, some numbers.</summary>
    public static Gen<(double Place, int Kind, int Number)> Gen { get; } = CsCheck.Gen.Select(CsCheck.Gen.Double[0, 1], CsCheck.Gen.Int[0, 5],
        CsCheck.Gen.Int[0, 1 << 20], (place, kind, number) => (place, kind, number));

    /// <summary>Changes, cuts, doubles or inserts bytes.</summary>
    public static byte[] Bytes(byte[] original, (double Place, int Kind, int Number) how)
    {
        if (original.Length == 0) return [(byte)how.Number];
        int at = (int)(how.Place * (original.Length - 1)), count = how.Number % 9 + 1;
        byte[] before = original[..at], after = original[at..];
        return how.Kind switch
        {
            0 => [.. before, (byte)how.Number, .. after.Skip(1)],
            1 => before,
            2 => [.. before, .. after.Take(count), .. after],
            3 => [.. before, .. after.Skip(count)],
            4 => [.. before, .. Encoding.UTF8.GetBytes(Values[how.Number % Values.Length]), .. after],
            _ => [.. before, (byte)(original[at] ^ (1 << how.Number % 8)), .. after.Skip(1)],
        };
    }

    /// <summary>Replaces one value of a JSON document, at any depth, or takes it away.</summary>
    public static string Json(string original, (double Place, int Kind, int Number) how)
    {
        JsonNode root = JsonNode.Parse(original)!;
        List<(JsonNode Parent, string? Name, int Index)> slots = [];
        Collect(root);
        (JsonNode parent, string? name, int index) = slots[(int)(how.Place * (slots.Count - 1))];
        const string Mark = "\"@here@\"";
        if (how.Kind == 0 && name is not null) parent.AsObject().Remove(name);
        else if (name is not null) parent[name] = "@here@";
        else parent[index] = "@here@";
        string value = how.Kind == 1
            ? (how.Number - (1 << 19)).ToString(System.Globalization.CultureInfo.InvariantCulture)
            : Values[how.Number % Values.Length];
        return root.ToJsonString().Replace(Mark, value, StringComparison.Ordinal);

        void Collect(JsonNode? node)
        {
            if (node is JsonObject fields)
                foreach ((string key, JsonNode? child) in fields)
                {
                    slots.Add((fields, key, 0));
                    Collect(child);
                }
            else if (node is JsonArray items)
                for (int i = 0; i < items.Count; i++)
                {
                    slots.Add((items, null, i));
                    Collect(items[i]);
                }
        }
    }
}
