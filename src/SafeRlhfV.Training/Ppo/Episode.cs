using SafeRlhfV.Objectives;

namespace SafeRlhfV.Training;

/// <summary>One sampled response and what the roles said of it. Arrays have one entry a response token.</summary>
internal sealed class Episode
{
    /// <summary>Prompt and response.</summary>
    public required EncodedSample Sample { get; init; }

    /// <summary>Whether the response ended by itself, and not at the maximum length.</summary>
    public required bool Ended { get; init; }

    /// <summary>log π_old: kept from sampling, or by our own pass where an engine sampled.</summary>
    public required float[] LogProbs { get; set; }

    /// <summary>log μ, where an engine sampled; null = the actor itself did.</summary>
    public float[]? EngineLogProbs { get; init; }

    /// <summary>log π_ref.</summary>
    public float[] ReferenceLogProbs { get; set; } = [];

    /// <summary>R(x, y): RM-V's score, or the sum of the recipe's rewards.</summary>
    public float Reward { get; set; }

    /// <summary>C(x, y): the cost that is held.</summary>
    public float Cost { get; set; }

    /// <summary>How far the heads of the score models disagree.</summary>
    public HeadSpread Spread { get; set; }

    /// <summary>CM-V's score of the whole response; 0 where one cost is told.</summary>
    public float CostOfAll { get; set; }

    /// <summary>CM-V's score of what is said outside of the thoughts; 0 where one cost is told.</summary>
    public float CostOfAnswer { get; set; }

    /// <summary>What each of the recipe's rewards says; empty where it lists none.</summary>
    public RewardPart[] Rewards { get; set; } = [];

    /// <summary>Whether thoughts begin that never end.</summary>
    public bool IsUnclosed { get; set; }

    /// <summary>Whether reward and cost are scores of the response's text, which gives other tokens than were sampled.</summary>
    public bool IsRetokenised { get; set; }

    /// <summary>Whether the answer refuses.</summary>
    public bool Refuses { get; set; }

    /// <summary>What the held-out judge says of it, in rounds that are judged.</summary>
    public float Judged { get; set; }

    /// <summary>Shaped scores; values, advantages and returns once the critics have said them.</summary>
    public ShapedResponse<float>? Shaped { get; set; }

    /// <summary>A of the whole response, where it is measured against others to the same prompt.</summary>
    public double Advantage { get; set; }

    /// <summary>Importance weights of such a response's tokens; null = 1.</summary>
    public float[]? Weights { get; set; }
}
