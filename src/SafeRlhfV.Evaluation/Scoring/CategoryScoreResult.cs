namespace SafeRlhfV.Evaluation;

/// <summary>A score model on the pairs of one category.</summary>
/// <param name="Category">The category.</param>
/// <param name="Pairs">Its pairs.</param>
/// <param name="PairAccuracy">Share of pairs in the right order.</param>
/// <param name="SignAccuracy">Share of answers with the right sign; null for RM-V.</param>
/// <param name="GreyPairAccuracy">Pair accuracy with the image blanked; null where not measured.</param>
public sealed record CategoryScoreResult(string Category, int Pairs, double PairAccuracy, double? SignAccuracy = null, double? GreyPairAccuracy = null);
