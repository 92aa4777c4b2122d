namespace SafeRlhfV.Core;

/// <summary>
/// A service could not be used: it cannot be reached, refuses every call, or none of its replies can be read. The message is one line that says which and why.
/// </summary>
public sealed class ServiceException(string message, Exception? inner = null) : Exception(message, inner);
