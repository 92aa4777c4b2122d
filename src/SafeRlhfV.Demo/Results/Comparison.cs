namespace SafeRlhfV.Demo;

/// <summary>Which side of a threshold passes.</summary>
public enum Comparison
{
    /// <summary>The figure must reach the threshold.</summary>
    AtLeast,

    /// <summary>The figure must not exceed the threshold.</summary>
    AtMost,
}
