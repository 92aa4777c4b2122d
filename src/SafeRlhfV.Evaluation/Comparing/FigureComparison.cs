namespace SafeRlhfV.Evaluation;

/// <summary>A figure of several models.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Part">The part of the items that it is over; empty for all.</param>
/// <param name="Formula">How it is computed.</param>
/// <param name="HigherIsBetter">Which way is better; null where it cannot be said.</param>
/// <param name="Values">The models' values.</param>
public sealed record FigureComparison(string Name, string Part, string Formula, bool? HigherIsBetter, IReadOnlyList<ComparedValue> Values)
{
    /// <summary>Whether it is over all items.</summary>
    public bool IsOverall => Part.Length == 0 || Part == "split all";
}
