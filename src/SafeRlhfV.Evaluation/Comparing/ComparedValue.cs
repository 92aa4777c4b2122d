namespace SafeRlhfV.Evaluation;

/// <summary>A model's value of a figure.</summary>
/// <param name="Value">The value with its 95 % interval.</param>
/// <param name="Difference">The difference to the first model; null of the first itself.</param>
/// <param name="IsBest">Whether no other model is better.</param>
public sealed record ComparedValue(Estimate Value, PairedDifference? Difference, bool IsBest);
