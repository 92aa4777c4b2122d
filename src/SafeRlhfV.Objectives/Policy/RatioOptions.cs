namespace SafeRlhfV.Objectives;

/// <summary>How a policy's loss follows from ratios.</summary>
public sealed record RatioOptions
{
    /// <summary>What the ratio is taken over.</summary>
    public PolicyRatio Ratio { get; init; }

    /// <summary>ε below: a ratio under 1 - ε gains nothing more for a bad answer.</summary>
    public double ClipLow { get; init; } = 0.2;

    /// <summary>ε above: a ratio over 1 + ε gains nothing more for a good answer; DAPO takes 0.28.</summary>
    public double ClipHigh { get; init; } = 0.2;

    /// <summary>Bounds the ratio of a bad answer from above (dual clip, Ye et al. 2020), more than 1 + ε above; null = not.</summary>
    public double? DualClip { get; init; }

    /// <summary>
    /// CISPO (MiniMax 2025): every token keeps its gradient, weighted by its ratio up to this; null = the clipped surrogate. An absolute number, not 1 + ε.
    /// </summary>
    public double? CispoCap { get; init; }
}
