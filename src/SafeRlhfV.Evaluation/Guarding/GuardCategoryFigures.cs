namespace SafeRlhfV.Evaluation;

/// <summary>How well a guard names one category, over the examples whose labels name categories.</summary>
/// <param name="Name">The category.</param>
/// <param name="Labelled">Examples whose label names it.</param>
/// <param name="Precision">Share of its calls that are right.</param>
/// <param name="Recall">Share of the labelled that were called.</param>
/// <param name="F1">Their harmonic mean.</param>
/// <param name="Auc">Area under the ROC curve of its probability; NaN where a class is missing.</param>
public sealed record GuardCategoryFigures(string Name, int Labelled, double Precision, double Recall, double F1, double Auc);
