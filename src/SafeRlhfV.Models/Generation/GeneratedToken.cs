namespace SafeRlhfV.Models;

/// <summary>One token as it comes.</summary>
/// <param name="Row">Row of the result.</param>
/// <param name="Index">Which token of the answer, from 0.</param>
/// <param name="Id">The token.</param>
/// <param name="LogProb">log p if asked for, else 0.</param>
/// <param name="Finish">Why the answer ends with it; null if it goes on.</param>
public readonly record struct GeneratedToken(int Row, int Index, int Id, float LogProb, FinishReason? Finish);
