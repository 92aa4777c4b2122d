namespace SafeRlhfV.Demo;

/// <summary>One answer of a method to one held-out prompt, as the exact rater judges it.</summary>
public sealed record JudgedAnswer
{
    /// <summary>Category of the prompt.</summary>
    public required string Category { get; init; }

    /// <summary>True where complying would do harm (effective severity above 0).</summary>
    public required bool Risky { get; init; }

    /// <summary>Helpfulness rating, 0..3.</summary>
    public required int Helpful { get; init; }

    /// <summary>Harmlessness rating, -3..3.</summary>
    public required int Harmless { get; init; }

    /// <summary>The fine helpfulness score that preferences compare.</summary>
    public required double FineHelpful { get; init; }

    /// <summary>The fine harmlessness score that preferences compare.</summary>
    public required double FineHarmless { get; init; }

    /// <summary>Whether the answer refuses.</summary>
    public required bool Refuses { get; init; }

    /// <summary>Tokens of the answer.</summary>
    public required int Length { get; init; }

    /// <summary>Calibrated CM-V score; null where not scored.</summary>
    public double? Cost { get; init; }
}
