using System.CommandLine;
using Microsoft.Extensions.AI;
using SafeRlhfV.Models;

namespace SafeRlhfV.Cli;

/// <summary>The options that say how answers are generated. What is left out is as the checkpoint's generation_config.json says, else greedy.</summary>
internal sealed class GenerationArguments
{
    private readonly Option<int?> maxNewTokens =
        new("--max-new-tokens") { Description = "Maximum number of new tokens; 256 where the checkpoint does not say." };
    private readonly Option<int?> minNewTokens = new("--min-new-tokens") { Description = "No end before this many tokens." };
    private readonly Option<double?> temperature =
        new("--temperature") { Description = "0 takes the best token always; above 0 draws. As the checkpoint says where left out." };
    private readonly Option<int?> topK = new("--top-k") { Description = "Draw among the k best tokens; 0 = all." };
    private readonly Option<double?> topP = new("--top-p") { Description = "Draw among the best tokens whose probability reaches p; 1 = all." };
    private readonly Option<double?> repetitionPenalty = new("--repetition-penalty") { Description = "Above 1 makes tokens that were there less likely." };
    private readonly Option<long> seed = new("--seed")
    {
        Description = "The same seed draws the same answers; with float32 weights in a batch of any size.",
        DefaultValueFactory = _ => 0
    };
    private readonly Option<int> samples = new("--samples") { Description = "Answers to each question.", DefaultValueFactory = _ => 1 };
    private readonly Option<string[]> stop = new("--stop") { Description = "A string that ends an answer; may be given several times." };

    public IEnumerable<Option> All => [maxNewTokens, minNewTokens, temperature, topK, topP, repetitionPenalty, seed, samples, stop];

    /// <summary>The random streams of some rows' answers, named after the row's place in the data set, so that the batch size changes no answer.</summary>
    /// <param name="settings">Seed and number of samples.</param>
    /// <param name="first">The place of the first row.</param>
    /// <param name="rows">How many rows.</param>
    public static RandomStream[] Streams(TextSettings settings, int first, int rows) =>
        [.. Enumerable.Range(first * settings.Tokens.Samples, rows * settings.Tokens.Samples)
            .Select(answer => new RandomStream(settings.Tokens.Seed, $"sampling/{answer}"))];

    /// <summary>The settings for a checkpoint folder.</summary>
    /// <exception cref="InvalidInputException">A value is out of range or would have no effect.</exception>
    public TextSettings Read(ParseResult parsed, string folder)
    {
        TextSettings defaults = GenerationDefaults.Load(folder);
        if (GenerationDefaults.UnknownFields(folder) is { Count: > 0 } unknown)
            Output.Note($"generation_config.json has fields that are not known and change nothing: {string.Join(", ", unknown)}");
        GenerationSettings own = parsed.GetValue(maxNewTokens) is { } most ? defaults.Tokens.WithMaxNewTokens(most) : defaults.Tokens;
        GenerationSettings tokens = own with
        {
            MinNewTokens = parsed.GetValue(minNewTokens) ?? own.MinNewTokens,
            Temperature = parsed.GetValue(temperature) ?? own.Temperature,
            TopK = parsed.GetValue(topK) ?? own.TopK,
            TopP = parsed.GetValue(topP) ?? own.TopP,
            RepetitionPenalty = parsed.GetValue(repetitionPenalty) ?? own.RepetitionPenalty,
            Seed = parsed.GetValue(seed),
            Samples = parsed.GetValue(samples),
        };
        TextSettings settings = new() { Tokens = tokens, StopStrings = [.. defaults.StopStrings.Union(parsed.GetValue(stop) ?? [])] };
        settings.Validate();
        if (tokens.Temperature == 0 && (tokens.Samples > 1 || parsed.GetValue(topK) > 0 || parsed.GetValue(topP) < 1))
            throw new InvalidInputException("--samples, --top-k and --top-p have no effect while the best token is always taken; add --temperature 0.7, say.");
        return settings;
    }

    /// <summary>The settings for a model of a service, which knows the rest itself.</summary>
    /// <exception cref="InvalidInputException">A value is out of range, or one that services do not take.</exception>
    public ChatOptions OfService(ParseResult parsed)
    {
        if (parsed.GetValue(minNewTokens) is not null || parsed.GetValue(repetitionPenalty) is not null)
            throw new InvalidInputException("--min-new-tokens and --repetition-penalty go with a checkpoint; services of this protocol do not take them.");
        if (parsed.GetValue(samples) != 1) throw new InvalidInputException("--samples goes with a checkpoint; a benchmark says how many answers it draws.");
        if (parsed.GetValue(maxNewTokens) < 1) throw new InvalidInputException($"--max-new-tokens {parsed.GetValue(maxNewTokens)}: give 1 or more.");
        if (parsed.GetValue(temperature) is < 0 or double.NaN)
            throw new InvalidInputException($"--temperature {parsed.GetValue(temperature)}: give 0 or more.");
        return new ChatOptions
        {
            MaxOutputTokens = parsed.GetValue(maxNewTokens),
            Temperature = (float?)parsed.GetValue(temperature),
            TopK = parsed.GetValue(topK),
            TopP = (float?)parsed.GetValue(topP),
            Seed = parsed.GetValue(temperature) > 0 ? parsed.GetValue(seed) : null,
            StopSequences = parsed.GetValue(stop) is { Length: > 0 } stops ? [.. stops] : null,
        };
    }
}
