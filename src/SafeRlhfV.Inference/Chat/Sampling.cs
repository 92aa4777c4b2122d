using Microsoft.Extensions.AI;
using SafeRlhfV.Models;

namespace SafeRlhfV.Inference;

/// <summary>How a caller wants tokens to be chosen. An option that a local checkpoint cannot honour is refused, so that nobody believes it was.</summary>
internal static class Sampling
{
    private const int MostStops = 16;

    /// <exception cref="InvalidInputException">An option is out of range or cannot be honoured; it is named.</exception>
    public static TextSettings Of(TextSettings defaults, ChatOptions? options)
    {
        if (options is null) return defaults;
        if (options.Tools is { Count: > 0 } && options.ToolMode is not NoneChatToolMode) throw Cannot("tools");
        if (options.ResponseFormat is not (null or ChatResponseFormatText)) throw Cannot("a response format other than text");
        if (options.FrequencyPenalty is not (null or 0)) throw Cannot("a frequency penalty");
        if (options.PresencePenalty is not (null or 0)) throw Cannot("a presence penalty");
        if (options.StopSequences is { Count: > MostStops })
            throw new InvalidInputException($"There are {options.StopSequences.Count} stop sequences; {MostStops} are allowed.");
        GenerationSettings tokens = options.MaxOutputTokens is { } most ? defaults.Tokens.WithMaxNewTokens(most) : defaults.Tokens;
        TextSettings settings = defaults with
        {
            Tokens = tokens with
            {
                Temperature = options.Temperature ?? tokens.Temperature,
                TopP = options.TopP ?? tokens.TopP,
                TopK = options.TopK ?? tokens.TopK
            },
            StopStrings = options.StopSequences is { Count: > 0 } stops ? [.. defaults.StopStrings.Union(stops)] : defaults.StopStrings,
        };
        settings.Validate();
        return settings;
    }

    private static InvalidInputException Cannot(string what) => new($"A local checkpoint cannot honour {what}; leave it out.");
}
