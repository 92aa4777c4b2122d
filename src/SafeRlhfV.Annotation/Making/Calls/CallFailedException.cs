namespace SafeRlhfV.Annotation;

/// <summary>A call failed for good, retries included; the work goes on without its answer.</summary>
internal sealed class CallFailedException(string message, Exception? inner = null) : Exception(message, inner);
