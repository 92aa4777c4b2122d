namespace SafeRlhfV.Data;

/// <summary>
/// A mistake in what the user gave: a file, a setting, an option. The message is one line that says what is wrong, where, and how to mend it.
/// The command line prints it without a stack trace and exits with code 2.
/// </summary>
public sealed class InvalidInputException : Exception
{
    /// <summary>Creates the exception with its one-line message.</summary>
    public InvalidInputException(string message) : base(message) { }

    /// <summary>Creates the exception with its one-line message and the error that revealed the mistake.</summary>
    public InvalidInputException(string message, Exception inner) : base(message, inner) { }
}
