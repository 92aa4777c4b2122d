namespace SafeRlhfV.Demo;

/// <summary>How a figure is written.</summary>
public enum FigureUnit
{
    /// <summary>A plain number (cost, rating).</summary>
    Number,

    /// <summary>A percentage, 0..100.</summary>
    Percent,

    /// <summary>A difference in percentage points, with its sign.</summary>
    Points,
}
