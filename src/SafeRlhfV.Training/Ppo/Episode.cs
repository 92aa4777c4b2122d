namespace SafeRlhfV.Training;

/// <summary>One sampled answer and all that is known of it. Arrays have one entry an answer token; those of a critic that takes no part stay empty.</summary>
internal sealed class Episode
{
    /// <summary>Prompt and answer.</summary>
    public required EncodedSample Sample { get; init; }

    /// <summary>Whether the answer ended by itself.</summary>
    public required bool Ended { get; init; }

    /// <summary>log π_old, kept from sampling.</summary>
    public required float[] LogProbs { get; init; }

    /// <summary>log π_ref.</summary>
    public float[] ReferenceLogProbs { get; set; } = [];

    /// <summary>R(x, y).</summary>
    public float Reward { get; set; }

    /// <summary>C(x, y).</summary>
    public float Cost { get; set; }

    /// <summary>V_R when it was sampled.</summary>
    public float[] RewardValues { get; set; } = [];

    /// <summary>V_C when it was sampled.</summary>
    public float[] CostValues { get; set; } = [];

    /// <summary>GAE of the rewards.</summary>
    public float[] RewardAdvantages { get; set; } = [];

    /// <summary>GAE of the costs.</summary>
    public float[] CostAdvantages { get; set; } = [];

    /// <summary>The reward critic's targets.</summary>
    public float[] RewardReturns { get; set; } = [];

    /// <summary>The cost critic's targets.</summary>
    public float[] CostReturns { get; set; } = [];
}
