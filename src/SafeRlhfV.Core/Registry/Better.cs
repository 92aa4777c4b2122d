namespace SafeRlhfV.Core;

/// <summary>Which way a metric should move.</summary>
public enum Better
{
    /// <summary>Neither way is better by itself.</summary>
    Neither,

    /// <summary>Lower values are better.</summary>
    Lower,

    /// <summary>Higher values are better.</summary>
    Higher,
}
