namespace SafeRlhfV.Evaluation;

/// <summary>A gate is not passed: the check that a run was asked to make failed.</summary>
/// <param name="message">Which, what was found, and what to do.</param>
public sealed class GateException(string message) : Exception(message);
