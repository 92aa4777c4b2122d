using System.ComponentModel.DataAnnotations;

namespace SafeRlhfV.Training;

/// <summary>What to do with texts that are too long. Image tokens are never cut.</summary>
public sealed record LengthLimits
{
    private readonly int? promptTokens, responseTokens;

    /// <summary>Maximum number of tokens of a prompt, image tokens included; at most total_tokens, where it is not given.</summary>
    [Range(1, 1 << 20)]
    public int PromptTokens { get => promptTokens ?? Math.Min(4096, TotalTokens); init => promptTokens = value; }

    /// <summary>Maximum number of new tokens, the end token included; likewise.</summary>
    [Range(1, 1 << 20)]
    public int ResponseTokens { get => responseTokens ?? Math.Min(1024, TotalTokens); init => responseTokens = value; }

    /// <summary>Maximum number of tokens of prompt and response together.</summary>
    [Range(2, 1 << 20)]
    public int TotalTokens { get; init; } = 4096;

    /// <summary>What happens to an answer that is too long; a prompt that is too long always costs its row.</summary>
    public TooLong TooLong { get; init; } = TooLong.Drop;
}
