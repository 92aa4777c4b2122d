using SafeRlhfV.Data;

namespace SafeRlhfV.Models;

/// <summary>What a checkpoint folder's generation_config.json says of sampling, as transformers reads it.</summary>
public static class GenerationDefaults
{
    private const int UsualTopK = 50; // transformers' own, where do_sample is on and no top_k is named

    /// <summary>
    /// The folder's settings: greedy unless `do_sample` is true; `repetition_penalty` counts in both cases. Without the file: greedy.
    /// </summary>
    /// <exception cref="InvalidInputException">The file is malformed or a value is out of range.</exception>
    public static GenerationSettings Load(string folder)
    {
        string file = Path.Combine(folder, "generation_config.json");
        GenerationSettings greedy = new() { Temperature = 0 };
        if (!File.Exists(file)) return greedy;
        ConfigReader reader = ConfigReader.Open(file);
        GenerationSettings settings = greedy with
        {
            MaxNewTokens = reader.Int("max_new_tokens", greedy.MaxNewTokens),
            MinNewTokens = reader.Int("min_new_tokens", 0, least: 0),
            RepetitionPenalty = reader.Number("repetition_penalty", 1),
            EosTokenIds = reader.Ints("eos_token_id") ?? [],
        };
        if (reader.Flag("do_sample", false))
            settings = settings with { Temperature = reader.Number("temperature", 1), TopK = reader.Int("top_k", UsualTopK, least: 0), TopP = reader.Number("top_p", 1) };
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
}
