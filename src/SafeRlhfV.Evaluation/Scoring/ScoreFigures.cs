namespace SafeRlhfV.Evaluation;

/// <summary>A score model's figures against one set of labels. The last three need a safe/unsafe label: null for RM-V.</summary>
/// <param name="PairAccuracy">Share of pairs in the right order, ties wrong, with its interval over pairs.</param>
/// <param name="SignAccuracy">Share of answers with the right sign of the score, with its interval over answers.</param>
/// <param name="BalancedSignAccuracy">Mean of both classes' sign accuracy.</param>
/// <param name="Auc">Area under the ROC curve, unsafe against safe.</param>
public sealed record ScoreFigures(Estimate PairAccuracy, Estimate? SignAccuracy = null, double? BalancedSignAccuracy = null, double? Auc = null);
