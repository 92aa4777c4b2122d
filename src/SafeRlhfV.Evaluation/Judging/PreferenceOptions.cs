namespace SafeRlhfV.Evaluation;

/// <summary>How a judged evaluation is run.</summary>
public sealed record PreferenceOptions
{
    /// <summary>Fixes the order of asking, the choice of probes and the bootstrap.</summary>
    public long Seed { get; init; }

    /// <summary>Prompts on which the judge is also given one answer twice (at most the prompts there are).</summary>
    public int Probes { get; init; } = 50;

    /// <summary>Questions asked at the same time.</summary>
    public int Concurrency { get; init; } = 8;

    /// <summary>Bootstrap resamples.</summary>
    public int Resamples { get; init; } = Bootstrap.DefaultResamples;
}
