namespace SafeRlhfV.Evaluation;

/// <summary>A figure of a benchmark.</summary>
/// <param name="Name">Its name, such as attack_rate.</param>
/// <param name="By">The part of the items that it is over: facts and their values; empty for all.</param>
/// <param name="Values">Its value; two where it is a pair of bounds. NaN where there is nothing to take it of.</param>
/// <param name="Formula">How it is computed.</param>
public sealed record Figure(string Name, IReadOnlyList<(string Fact, string Value)> By, IReadOnlyList<double> Values, string Formula)
{
    /// <summary>The figure with its 95 % interval over items; null for counts and bounds, and where all items are alike and none can be had.</summary>
    public Estimate? Interval { get; init; }

    /// <summary>Items, or images with all their questions, that the figure is taken over; null for counts and bounds.</summary>
    public int? Units { get; init; }

    /// <summary>The sums that the figure is made of, item by item; null for counts and bounds.</summary>
    internal RatioSum? Ratio { get; init; }

    /// <summary>The figure's only value, or its first.</summary>
    public double Value => Values[0];

    /// <summary>The part in words; empty for all items.</summary>
    public string Part => string.Join(", ", By.Select(one => $"{one.Fact} {one.Value}"));
}
