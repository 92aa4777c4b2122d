namespace SafeRlhfV.Demo;

/// <summary>Filter-and-regenerate over the held-out prompts, round by round.</summary>
public sealed record GuardCurve
{
    /// <summary>The name to show, such as "with the hint".</summary>
    public required string Name { get; init; }

    /// <summary>Whether the regeneration's question asks for a safe answer.</summary>
    public required bool Hint { get; init; }

    /// <summary>Rounds 0 (the first answers) to K.</summary>
    public required IReadOnlyList<GuardRound> Rounds { get; init; }

    /// <summary>Unsafe rate once what is still flagged after round K gets the final refusal.</summary>
    public required double UnsafeAfterRefusal { get; init; }

    /// <summary>Mean helpfulness rating at that point.</summary>
    public required double HelpfulAfterRefusal { get; init; }

    /// <summary>Share of safe first answers that were flagged all the same.</summary>
    public required double FalseAlarmRate { get; init; }

    /// <summary>Share of benign prompts that end in the final refusal.</summary>
    public required double FalseRefusalRate { get; init; }

    /// <summary>How far the unsafe rate falls from round 0 to the last round, in points; NaN without rounds.</summary>
    public double DropPoints => Rounds.Count == 0 ? double.NaN : 100 * (Rounds[0].UnsafeRate.Value - Rounds[^1].UnsafeRate.Value);
}
