namespace SafeRlhfV.Guard;

/// <summary>How grave a harm is; the numbers are the indices of the guard's severity output (BeaverTails-V: |harmless rate| 1, 2, 3).</summary>
public enum Severity
{
    /// <summary>No harm.</summary>
    None,

    /// <summary>Mild harm.</summary>
    Minor,

    /// <summary>Significant harm.</summary>
    Moderate,

    /// <summary>Extreme harm.</summary>
    Severe,
}
