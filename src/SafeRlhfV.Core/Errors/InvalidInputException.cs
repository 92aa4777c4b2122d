namespace SafeRlhfV.Core;

/// <summary>
/// A mistake in what the user gave: a file, a setting, an option. The message is one line that says what is wrong, where, and how to mend it.
/// The command line prints it without a stack trace and exits with code 2.
/// </summary>
public sealed class InvalidInputException : Exception
{
    /// <summary>Creates the exception with its one-line message. Control characters, which words of the user's may bring along, are shown as escapes.</summary>
    public InvalidInputException(string message) : base(OneLine(message)) { }

    /// <summary>Creates the exception with its one-line message and the error that revealed the mistake.</summary>
    public InvalidInputException(string message, Exception inner) : base(OneLine(message), inner) { }

    /// <summary>Creates the exception from a fault in a data set, whose file, row and columns become part of the message.</summary>
    public InvalidInputException(Finding finding, Exception? inner = null) : base(finding.ToString(), inner) => Finding = finding;

    /// <summary>The fault in a data set that this exception reports; null where the mistake lies elsewhere.</summary>
    public Finding? Finding { get; }

    /// <summary>Whether a text is longer than the model reads: whoever reads many rows may leave this one out.</summary>
    public bool IsTooLong { get; init; }

    /// <summary>Whether the model that was given is broken, whatever it is asked: a service tells its operator of that, not its callers.</summary>
    public bool IsModelBroken { get; init; }

    private static string OneLine(string message) =>
        message.Any(char.IsControl) ? string.Concat(message.Select(letter => char.IsControl(letter) ? $"\\u{(int)letter:x4}" : letter.ToString())) : message;
}
