namespace SafeRlhfV.Evaluation;

/// <summary>How one model fared against another.</summary>
/// <param name="Row">The model.</param>
/// <param name="Column">The other.</param>
/// <param name="Rate">The model's win rate over it.</param>
public sealed record WinCell(string Row, string Column, WinRate Rate);
