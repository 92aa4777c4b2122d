namespace SafeRlhfV.SafetyWorld;

/// <summary>Two answers to each of some prompts, in their order, such as a model's samples at temperature 1. An empty one is replaced by the grammar.</summary>
public delegate IReadOnlyList<(string First, string Second)> CandidateAnswers(IReadOnlyList<WorldPrompt> prompts);
