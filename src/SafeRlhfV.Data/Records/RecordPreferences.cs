namespace SafeRlhfV.Data;

/// <summary>Which answer of a pair is preferred, and in what respect; null where the source does not say.</summary>
/// <param name="Helpful">The more helpful answer.</param>
/// <param name="Safe">The safer answer.</param>
/// <param name="Overall">The better answer where the source holds one preference without saying in what respect.</param>
public sealed record RecordPreferences(PairSide? Helpful = null, PairSide? Safe = null, PairSide? Overall = null);
