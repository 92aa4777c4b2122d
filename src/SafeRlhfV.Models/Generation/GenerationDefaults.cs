using System.Text.Json;
using System.Text.Json.Nodes;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Models;

/// <summary>What a checkpoint folder's generation_config.json says, as transformers reads it. Every setting that changes an answer is honoured or refused by
/// its name.</summary>
public static class GenerationDefaults
{
    private const int UsualTopK = 50; // transformers' own, where do_sample is on and no top_k is named

    // settings that change an answer and are not done here, and what they say where they do nothing
    private static readonly (string Field, string What, object?[] Neutral)[] Refused =
    [
        ("num_beams", "beam search", [1L]), ("num_beam_groups", "group beam search", [1L]), ("diversity_penalty", "group beam search", [0.0]),
        ("penalty_alpha", "contrastive search", [0.0]),
        ("dola_layers", "decoding by contrasting layers", []), ("constraints", "constrained beam search", []),
        ("force_words_ids", "constrained beam search", []),
        ("forced_decoder_ids", "forced tokens", []), ("encoder_repetition_penalty", "a penalty for tokens that are not in the prompt", [1.0]),
        ("encoder_no_repeat_ngram_size", "a ban of the prompt's n-grams", [0L]), ("guidance_scale", "classifier-free guidance", [1.0]),
        ("watermarking_config", "watermarking", []),
        ("token_healing", "token healing", [false]), ("top_h", "top-h sampling", []), ("max_time", "a limit of time", []),
        ("num_return_sequences", "several answers (give their number when you generate)", [1L]),
        ("custom_generate", "code of the checkpoint's own", []), ("assistant_early_exit", "early exit", []),
    ];

    private static readonly string[] Honoured =
    [
        "max_new_tokens", "max_length", "min_new_tokens", "min_length", "eos_token_id", "pad_token_id", "bos_token_id", "stop_strings", "do_sample",
        "temperature", "top_k", "top_p", "min_p", "typical_p",
        "epsilon_cutoff", "eta_cutoff", "repetition_penalty", "no_repeat_ngram_size", "bad_words_ids", "sequence_bias", "suppress_tokens",
        "begin_suppress_tokens", "forced_eos_token_id",
        "exponential_decay_length_penalty",
    ];

    // they choose no token: speed, memory, what else is returned, or they need what is refused above or an encoder
    private static readonly string[] Harmless =
    [
        "transformers_version", "_from_model_config", "use_cache", "cache_implementation", "cache_config", "return_legacy_cache", "prefill_chunk_size",
        "compile_config", "disable_compile", "low_memory",
        "length_penalty", "early_stopping", "forced_bos_token_id", "remove_invalid_values", "renormalize_logits", "output_attentions", "output_hidden_states",
        "output_scores", "output_logits",
        "return_dict_in_generate", "decoder_start_token_id", "is_assistant", "num_assistant_tokens", "num_assistant_tokens_schedule",
        "assistant_confidence_threshold", "prompt_lookup_num_tokens",
        "max_matching_ngram_size", "assistant_lookbehind", "target_lookbehind",
    ];

    /// <summary>
    /// The folder's settings: greedy unless `do_sample` is true, without which temperature, top-k and the other bounds of sampling do nothing. Without the
    /// file, the same fields of
    /// config.json count, as old checkpoints have them.
    /// </summary>
    /// <exception cref="InvalidInputException">The file is malformed, a value is out of range, or a setting is not supported; it is named.</exception>
    public static TextSettings Load(string folder)
    {
        string file = Path.Combine(folder, "generation_config.json"), model = Path.Combine(folder, "config.json");
        if (!File.Exists(file)) file = model;
        if (!File.Exists(file)) return new TextSettings { Tokens = new() { Temperature = 0 } };
        ConfigReader reader = file == model ? OfModel(ConfigReader.Open(file), file) : ConfigReader.Open(file);
        foreach ((string field, string what, object?[] neutral) in Refused) Refuse(reader, field, what, neutral);
        TextSettings settings = new() { Tokens = Tokens(reader), StopStrings = OneOrMore(reader, "stop_strings") };
        try
        {
            settings.Validate();
        }
        catch (InvalidInputException error)
        {
            throw new InvalidInputException($"{file}: {error.Message}", error);
        }
        return settings;
    }

    /// <summary>Fields of the folder's generation_config.json that no one knows; they do nothing, as in transformers.</summary>
    public static IReadOnlyList<string> UnknownFields(string folder)
    {
        string file = Path.Combine(folder, "generation_config.json");
        if (!File.Exists(file)) return [];
        return [.. ConfigReader.Open(file).Element.EnumerateObject().Select(field => field.Name)
            .Where(name => !Honoured.Contains(name) && !Harmless.Contains(name) && Refused.All(entry => entry.Field != name))];
    }

    // the top goes before text_config; a max_length of 20 is what old versions wrote for "not set"
    private static ConfigReader OfModel(ConfigReader config, string file)
    {
        JsonObject found = [];
        foreach (ConfigReader part in new[] { config.Section("text_config"), config }.OfType<ConfigReader>())
            foreach (string name in Honoured.Concat(Refused.Select(entry => entry.Field)))
                if (part.Has(name) && !name.EndsWith("_token_id", StringComparison.Ordinal) && part.Element.GetProperty(name) is var value
                    && !(name == "max_length" && value.GetRawText() == "20"))
                    found[name] = JsonNode.Parse(value.GetRawText());
        return ConfigReader.Parse(JsonSerializer.SerializeToUtf8Bytes(found), file);
    }

    private static GenerationSettings Tokens(ConfigReader reader)
    {
        GenerationSettings greedy = new() { Temperature = 0 };
        int? whole = reader.Has("max_length") && !reader.Has("max_new_tokens") ? reader.Int("max_length") : null;
        IReadOnlyList<int> ends = reader.Ints("eos_token_id") ?? [];
        GenerationSettings settings = greedy with
        {
            MaxNewTokens = whole ?? reader.Int("max_new_tokens", greedy.MaxNewTokens),
            MaxLength = whole,
            MinNewTokens = reader.Int("min_new_tokens", 0, least: 0),
            MinLength = reader.Int("min_length", 0, least: 0),
            RepetitionPenalty = reader.Number("repetition_penalty", 1),
            EosTokenIds = ends,
            ForbiddenTokenIds = Suppressed(reader, "suppress_tokens"),
            ForbiddenFirstTokenIds = Suppressed(reader, "begin_suppress_tokens"),
            NoRepeatNgramSize = reader.Int("no_repeat_ngram_size", 0, least: 0),
            SequenceBiases = [.. Biases(reader), .. BadWords(reader, ends)],
            EndGrowth = Growth(reader),
            ForcedEndTokenIds = reader.Ints("forced_eos_token_id") ?? [],
        };
        if (!reader.Flag("do_sample", false)) return settings;
        return settings with
        {
            Temperature = reader.Number("temperature", 1),
            TopK = reader.Int("top_k", UsualTopK, least: 0),
            TopP = reader.Number("top_p", 1),
            MinP = reader.Number("min_p", 0),
            TypicalP = reader.Number("typical_p", 1),
            EpsilonCutoff = reader.Number("epsilon_cutoff", 0),
            EtaCutoff = reader.Number("eta_cutoff", 0),
        };
    }

    private static void Refuse(ConfigReader reader, string field, string what, object?[] neutral)
    {
        if (!reader.Has(field)) return;
        JsonElement value = reader.Element.GetProperty(field);
        bool isNeutral = neutral.Any(accepted => accepted switch
        {
            bool flag => value.ValueKind == (flag ? JsonValueKind.True : JsonValueKind.False),
            long number => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double given) && given == number,
            double number => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double given) && given == number,
            _ => false,
        });
        if (!isNeutral) throw reader.Error(field, $"asks for {what}, which is not supported; remove it from the file");
    }

    // -1 among them is an older file's word for "none"
    private static IReadOnlyList<int> Suppressed(ConfigReader reader, string field) => [.. (reader.Ints(field) ?? []).Where(id => id >= 0)];

    // a list of [ids, bias], the form that JSON allows
    private static IEnumerable<SequenceBias> Biases(ConfigReader reader)
    {
        if (!reader.Has("sequence_bias")) yield break;
        JsonElement list = reader.Element.GetProperty("sequence_bias");
        if (list.ValueKind != JsonValueKind.Array) throw reader.Error("sequence_bias", "must be a list of [token ids, bias]");
        foreach (JsonElement entry in list.EnumerateArray())
        {
            if (entry.ValueKind != JsonValueKind.Array || entry.GetArrayLength() != 2 || entry[1].ValueKind != JsonValueKind.Number
                || !entry[1].TryGetDouble(out double bias) || Ids(entry[0]) is not { Count: > 0 } ids)
                throw reader.Error("sequence_bias", "must be a list of [token ids, bias]");
            yield return new SequenceBias(ids, bias);
        }
    }

    // transformers leaves out a word that is an end token alone
    private static IEnumerable<SequenceBias> BadWords(ConfigReader reader, IReadOnlyList<int> ends)
    {
        if (!reader.Has("bad_words_ids")) yield break;
        JsonElement list = reader.Element.GetProperty("bad_words_ids");
        if (list.ValueKind != JsonValueKind.Array) throw reader.Error("bad_words_ids", "must be a list of lists of token ids");
        foreach (JsonElement entry in list.EnumerateArray())
        {
            IReadOnlyList<int> ids = Ids(entry) is { Count: > 0 } read ? read : throw reader.Error("bad_words_ids", "must be a list of lists of token ids");
            if (ids is not [var single] || !ends.Contains(single)) yield return new SequenceBias(ids, double.NegativeInfinity);
        }
    }

    private static (int, double)? Growth(ConfigReader reader) => reader.Numbers("exponential_decay_length_penalty") switch
    {
        null => null,
        [var start, var factor] when start == Math.Floor(start) && start is >= 0 and < int.MaxValue => ((int)start, factor),
        _ => throw reader.Error("exponential_decay_length_penalty", "must be [start, factor]"),
    };

    private static List<int>? Ids(JsonElement list)
    {
        if (list.ValueKind != JsonValueKind.Array) return null;
        List<int> ids = [];
        foreach (JsonElement item in list.EnumerateArray())
        {
            if (item.ValueKind != JsonValueKind.Number || !item.TryGetInt32(out int id) || id < 0) return null;
            ids.Add(id);
        }
        return ids;
    }

    private static IReadOnlyList<string> OneOrMore(ConfigReader reader, string field) =>
        reader.Has(field) && reader.Element.GetProperty(field).ValueKind == JsonValueKind.String ? [reader.Text(field)] : reader.Texts(field) ?? [];
}
