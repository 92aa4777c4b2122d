namespace SafeRlhfV.Data;

/// <summary>How an answer was rated; null where it was not.</summary>
/// <param name="Helpful">Helpfulness, 0 to 3 in BeaverTails-V.</param>
/// <param name="Harmless">Harmlessness, -3 to 3 in BeaverTails-V; safe from 0 on.</param>
public sealed record AnswerRates(int? Helpful = null, int? Harmless = null);
