namespace SafeRlhfV.Training;

/// <summary>What a round of Safe PPO consists of.</summary>
public enum PpoPhase
{
    /// <summary>Responses are sampled.</summary>
    Sample,

    /// <summary>Reference, score models and critics say what they think of them; advantages; λ.</summary>
    Score,

    /// <summary>Actor and critics are updated.</summary>
    Update,
}
