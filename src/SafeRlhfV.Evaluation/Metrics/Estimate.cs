namespace SafeRlhfV.Evaluation;

/// <summary>A figure with its interval (95 % unless said otherwise), in the figure's own unit.</summary>
/// <param name="Value">The figure on the whole sample.</param>
/// <param name="Low">Lower end of the interval.</param>
/// <param name="High">Upper end of the interval.</param>
public sealed record Estimate(double Value, double Low, double High);
