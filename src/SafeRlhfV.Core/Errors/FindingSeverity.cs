namespace SafeRlhfV.Core;

/// <summary>How grave a finding is.</summary>
public enum FindingSeverity
{
    /// <summary>The data must be mended or dropped.</summary>
    Error,

    /// <summary>Odd, but usable.</summary>
    Warning,
}
