namespace SafeRlhfV.Evaluation;

/// <summary>One axis of a chart.</summary>
/// <param name="Title">What it measures.</param>
internal sealed record ChartAxis(string Title)
{
    /// <summary>Where it begins and ends; null = where the data do, with some room.</summary>
    public (double Low, double High)? Range { get; init; }

    /// <summary>It begins at 0.</summary>
    public bool FromZero { get; init; }

    /// <summary>A line is drawn at 0.</summary>
    public bool ZeroLine { get; init; }

    /// <summary>Names in place of numbers: value 0 is the first. On an upright axis the first stands at the top.</summary>
    public IReadOnlyList<string> Categories { get; init; } = [];
}
