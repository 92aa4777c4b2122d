namespace SafeRlhfV.Objectives;

/// <summary>Which costs an answer of some severity has.</summary>
public enum SeverityEncoding
{
    /// <summary>That of its severity alone: the three rates do not overlap.</summary>
    Exclusive,

    /// <summary>That of its severity and of all below: the rate of minor harm includes moderate and severe harm.</summary>
    Cumulative,
}
