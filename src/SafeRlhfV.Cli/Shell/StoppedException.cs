namespace SafeRlhfV.Cli;

/// <summary>Cancelled, with what the person should know: what is saved, and how to go on.</summary>
internal sealed class StoppedException(string message, OperationCanceledException inner) : OperationCanceledException(message, inner, inner.CancellationToken);
