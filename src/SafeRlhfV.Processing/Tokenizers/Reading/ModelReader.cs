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
            case "WordPiece": return WordPiece(section);
            case "Unigram": return Unigram(section);
            case var other: throw section.Error("type", $"'{other}' is no model that can be used here (BPE, WordLevel, WordPiece, Unigram)");
        }
    }

    private static WordPieceModel WordPiece(ConfigReader section)
    {
        Dictionary<string, int> vocabulary = Vocabulary(section);
        string unknown = section.Text("unk_token", "[UNK]");
        if (!vocabulary.ContainsKey(unknown)) throw section.Error("unk_token", $"is '{unknown}', which the vocabulary lacks");
        return new(vocabulary, unknown, section.Text("continuing_subword_prefix", "##"), section.Int("max_input_chars_per_word", 100));
    }

    private static UnigramModel Unigram(ConfigReader section)
    {
        if (!section.Element.TryGetProperty("vocab", out JsonElement vocab) || vocab.ValueKind != JsonValueKind.Array)
            throw section.Error("vocab", "must be a list of tokens with their scores");
        List<(string Token, double Score)> scores = new(vocab.GetArrayLength());
        HashSet<string> known = [];
        foreach (JsonElement entry in vocab.EnumerateArray())
        {
            string place = $"vocab[{scores.Count}]";
            if (scores.Count >= TokenizerFile.MostTokens) throw section.Error("vocab", $"has more than {TokenizerFile.MostTokens} tokens");
            if (entry.ValueKind != JsonValueKind.Array || entry.GetArrayLength() != 2 || entry[0].ValueKind != JsonValueKind.String
                || entry[1].ValueKind != JsonValueKind.Number || !double.IsFinite(entry[1].GetDouble()))
                throw section.Error(place, "must be a token and its score");
            if (!known.Add(entry[0].GetString()!)) throw section.Error(place, $"holds '{entry[0].GetString()}' a second time");
            scores.Add((entry[0].GetString()!, entry[1].GetDouble()));
        }
        int? unknown = section.Has("unk_id") ? section.Int("unk_id", least: 0) : null;
        if (unknown >= scores.Count) throw section.Error("unk_id", $"is {unknown}, but the vocabulary has {scores.Count} tokens");
        return new(scores, unknown, section.Flag("byte_fallback", false));
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
