namespace SafeRlhfV.Annotation;

/// <summary>How pairs are judged.</summary>
public sealed record JudgingSettings
{
    /// <summary>Decides in which order the answers of a pair are shown.</summary>
    public long Seed { get; init; }

    /// <summary>The model that judges.</summary>
    public required ChatModelSettings Model { get; init; }

    /// <summary>How often a pair is judged, in each order.</summary>
    public int Repeats { get; init; } = 1;

    /// <summary>Whether each judgement is made in both orders of the answers.</summary>
    public bool Swap { get; init; } = true;

    /// <summary>The least share of judgements that must agree on each preference; pairs below it are left out as contested. Above 0.5.</summary>
    public double Agreement { get; init; } = 0.6;

    /// <summary>How often a reply that cannot be read is asked for again.</summary>
    public int Reasks { get; init; } = 1;

    /// <summary>No call is made once the calls of all runs have cost this much; null for no limit.</summary>
    public double? Budget { get; init; }

    /// <summary>How often a pair is judged, in words.</summary>
    internal string Judgements => $"{Repeats} judgement{(Repeats == 1 ? "" : "s")} a pair{(Swap ? " in each order" : "")}";

    /// <summary>Calls for the judgements of one pair, replies that cannot be read aside.</summary>
    public int CallsPerPair => Repeats * (Swap ? 2 : 1);
}
