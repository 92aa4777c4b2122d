using System.ComponentModel.DataAnnotations;

namespace SafeRlhfV.Training;

/// <summary>What to do with texts that are too long. Image tokens are never cut.</summary>
public sealed record LengthLimits
{
    /// <summary>Most tokens of a prompt, image tokens among them.</summary>
    [Range(1, 1 << 20)]
    public int PromptTokens { get; init; } = 4096;

    /// <summary>Most tokens of an answer, the end token among them.</summary>
    [Range(1, 1 << 20)]
    public int ResponseTokens { get; init; } = 1024;

    /// <summary>Most tokens of both together.</summary>
    [Range(2, 1 << 20)]
    public int TotalTokens { get; init; } = 4096;

    /// <summary>What happens to an answer that is too long; a prompt that is too long always costs its row.</summary>
    public TooLong TooLong { get; init; } = TooLong.Drop;
}
