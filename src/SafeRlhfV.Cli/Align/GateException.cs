namespace SafeRlhfV.Cli;

/// <summary>A gate of <c>align</c> is not passed: the check that the run was asked to make failed.</summary>
internal sealed class GateException(string message) : Exception(message);
