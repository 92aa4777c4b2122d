using System.Text.Json;

namespace SafeRlhfV.Processing;

/// <summary>Reads the model of a tokenizer.json.</summary>
internal static class ModelReader
{
    public static TokenModel Read(ConfigReader section)
    {
        // older files leave the type of a byte-pair model out
        switch (section.Has("type") || !section.Has("merges") ? section.Text("type") : "BPE")
        {
            case "BPE": return Bpe(section);
            case "WordLevel": return new WordLevelModel(Vocabulary(section), section.Text("unk_token", "<unk>"));
            case var other: throw section.Error("type", $"'{other}' is no model that can be used here (BPE, WordLevel)");
        }
    }

    private static BpeModel Bpe(ConfigReader section)
    {
        if (section.Number("dropout", 0) != 0) throw section.Error("dropout", "makes encoding random; set it to null");
        Dictionary<string, int> vocabulary = Vocabulary(section);
        BpeOptions options = new(
            section.Has("unk_token") ? section.Text("unk_token") : null, section.Flag("fuse_unk", false), section.Flag("byte_fallback", false),
            section.Flag("ignore_merges", false),
            section.Text("continuing_subword_prefix", ""), section.Text("end_of_word_suffix", ""));
        if (options.UnknownToken is { } unknown && !vocabulary.ContainsKey(unknown))
            throw section.Error("unk_token", $"is '{unknown}', which the vocabulary lacks");
        return new BpeModel(vocabulary, Merges(section, vocabulary, options.ContinuingPrefix), options);
    }

    private static Dictionary<string, int> Vocabulary(ConfigReader section)
    {
        ConfigReader vocab = section.Section("vocab") ?? throw section.Error("vocab", "is missing");
        Dictionary<string, int> ids = [];
        Dictionary<int, string> tokens = [];
        foreach (JsonProperty entry in vocab.Element.EnumerateObject())
        {
            string token = entry.Name;
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out int id) || id < 0 || id > TokenizerFile.MostTokens)
                throw section.Error("vocab", $"gives '{token}' no id from 0 to {TokenizerFile.MostTokens}");
            if (!ids.TryAdd(token, id)) throw section.Error("vocab", $"holds '{token}' twice");
            if (!tokens.TryAdd(id, token)) throw section.Error("vocab", $"gives '{tokens[id]}' and '{token}' the same id {id}");
        }
        return ids;
    }

    private static List<(int, int, int)> Merges(ConfigReader section, Dictionary<string, int> vocabulary, string prefix)
    {
        if (!section.Element.TryGetProperty("merges", out JsonElement list) || list.ValueKind != JsonValueKind.Array)
            throw section.Error("merges", "must be a list");
        List<(int, int, int)> merges = new(list.GetArrayLength());
        int at = 0;
        foreach (JsonElement item in list.EnumerateArray())
        {
            string place = $"merges[{at++}]";
            if (item.ValueKind == JsonValueKind.String && item.GetString()!.StartsWith("#version", StringComparison.Ordinal)) continue;
            (string left, string right) = Pair(item) ?? throw section.Error(place, "must be two tokens");
            string merged = left + (right.StartsWith(prefix, StringComparison.Ordinal) ? right[prefix.Length..] : right);
            merges.Add((Id(left), Id(right), Id(merged)));

            int Id(string token) => vocabulary.TryGetValue(token, out int id)
                ? id
                : throw section.Error(place, $"needs the token '{token}', which the vocabulary lacks");
        }
        return merges;
    }

    // "left right" in older files, ["left", "right"] in newer ones
    private static (string Left, string Right)? Pair(JsonElement item)
    {
        if (item.ValueKind == JsonValueKind.Array && item.GetArrayLength() == 2 && item[0].ValueKind == JsonValueKind.String
            && item[1].ValueKind == JsonValueKind.String)
            return (item[0].GetString()!, item[1].GetString()!);
        if (item.ValueKind != JsonValueKind.String) return null;
        string[] parts = item.GetString()!.Split(' ');
        return parts.Length == 2 ? (parts[0], parts[1]) : null;
    }
}
