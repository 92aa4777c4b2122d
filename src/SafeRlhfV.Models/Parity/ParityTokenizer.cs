using System.Text.Json;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>Tokenizer cases, in either of the two forms that the golden data use: every id and every decoded text must be the same.</summary>
internal static class ParityTokenizer
{
    public static void Run(Tokenizer tokenizer, ParityCase reference, ParityChecks checks)
    {
        Dictionary<string, int> wrong = [];
        foreach ((string? text, int[] ids, JsonElement row, int at) in Rows(reference.Json))
        {
            if (text is not null) Count(wrong, "ids", tokenizer.Encode(text).SequenceEqual(ids));
            if (row.TryGetProperty("ids_no_special", out JsonElement bare))
                Count(wrong, "ids_no_special", tokenizer.Encode(text!, addSpecialTokens: false).SequenceEqual(Ids(bare)));
            if (Field(row, "decoded", at) is { } decoded) Count(wrong, "decoded", tokenizer.Decode(ids, skipSpecialTokens: false) == decoded);
            if (Field(row, "decoded_skip_special", at) is { } skipped) Count(wrong, "decoded_skip_special", tokenizer.Decode(ids) == skipped);
        }
        foreach ((string name, int count) in wrong) checks.Add(name, count, 0);
        if (reference.Field("vocab_size_with_added") is { } size) checks.Add("vocab_size_with_added", Math.Abs(tokenizer.Size - size.GetInt32()), 0);
    }

    // LLaVA: lists of objects; Qwen: parallel lists, in which a row is a place
    private static IEnumerable<(string? Text, int[] Ids, JsonElement Row, int At)> Rows(JsonElement json)
    {
        foreach (string list in new[] { "encode", "decode" })
            if (json.TryGetProperty(list, out JsonElement rows))
                foreach (JsonElement row in rows.EnumerateArray())
                    yield return (row.TryGetProperty("text", out JsonElement text) ? text.GetString() : null, Ids(row.GetProperty("ids")), row, -1);
        if (!json.TryGetProperty("texts", out JsonElement texts)) yield break;
        for (int i = 0; i < texts.GetArrayLength(); i++) yield return (texts[i].GetString(), Ids(json.GetProperty("ids")[i]), json, i);
    }

    private static string? Field(JsonElement row, string name, int at) => row.TryGetProperty(name, out JsonElement field)
        ? (at < 0 ? field : field[at]).GetString() : null;

    private static int[] Ids(JsonElement ids) => [.. ids.EnumerateArray().Select(id => id.GetInt32())];

    private static void Count(Dictionary<string, int> wrong, string name, bool same) => wrong[name] = wrong.GetValueOrDefault(name) + (same ? 0 : 1);
}
