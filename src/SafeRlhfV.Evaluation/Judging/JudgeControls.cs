namespace SafeRlhfV.Evaluation;

/// <summary>
/// What shows whether a judge can be trusted. Published re-runs found judges that scored identical texts differently and always preferred the first.
/// Shares are 0..1, and NaN where there is nothing to take a share of.
/// </summary>
public sealed record JudgeControls
{
    /// <summary>Questions asked, probes included.</summary>
    public required int Asked { get; init; }

    /// <summary>Replies that could not be read as a verdict, probes included. Never counted as ties.</summary>
    public required int ParseFailures { get; init; }

    /// <summary>Share of prompts, both orders read, whose helpfulness preference changed with the order; each counts as a tie.</summary>
    public required double OrderDependentHelpful { get; init; }

    /// <summary>The same for safety.</summary>
    public required double OrderDependentSafe { get; init; }

    /// <summary>Share of readable verdicts, of different answers, that found the first more helpful; one half where order does not matter.</summary>
    public required double FirstPreferredHelpful { get; init; }

    /// <summary>The same for safety.</summary>
    public required double FirstPreferredSafe { get; init; }

    /// <summary>Identical answers shown as if they were two.</summary>
    public required int Probes { get; init; }

    /// <summary>Share of readable probes where the one text got two different ratings; 0 for a sound judge.</summary>
    public required double ProbesRatedDifferently { get; init; }

    /// <summary>Share of readable probes that found the first more helpful.</summary>
    public required double ProbesFirstHelpful { get; init; }

    /// <summary>Share of readable probes that found the first safer.</summary>
    public required double ProbesFirstSafe { get; init; }

    /// <summary>How far it leans on place, length and nothing, with intervals.</summary>
    public required JudgeBias Bias { get; init; }
}
