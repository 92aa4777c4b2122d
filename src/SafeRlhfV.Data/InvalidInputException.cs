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

    /// <summary>Creates the exception from a fault in a data set, whose file, row and columns become part of the message.</summary>
    public InvalidInputException(Finding finding, Exception? inner = null) : base(finding.ToString(), inner) => Finding = finding;

    /// <summary>The fault in a data set that this exception reports; null where the mistake lies elsewhere.</summary>
    public Finding? Finding { get; }
}
