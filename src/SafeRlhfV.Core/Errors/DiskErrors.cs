namespace SafeRlhfV.Core;

/// <summary>Turns what the disk refuses into one line for the user: which file, why, and what to do.</summary>
public static class DiskErrors
{
    // ERROR_SHARING_VIOLATION as .NET wraps it; elsewhere EWOULDBLOCK as it is
    private const int SharingViolation = unchecked((int)0x80070020), LockedOnLinux = 11, LockedOnMac = 35;

    /// <summary>Reads a file or folder.</summary>
    /// <param name="path">What is read; the message names it.</param>
    /// <param name="read">Reads it.</param>
    /// <param name="advice">What to do; null = nothing is advised.</param>
    /// <exception cref="InvalidInputException">It is not there, or the disk refuses.</exception>
    public static T Reading<T>(string path, Func<T> read, string? advice = null)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException) // the last: a device, no file
        {
            throw Unreadable(path, error, advice);
        }
    }

    /// <summary>Writes a file or folder.</summary>
    /// <param name="path">What is written; the message names it.</param>
    /// <param name="write">Writes it.</param>
    /// <param name="aside">Where it is written before it takes its name: the message does not show this path.</param>
    /// <exception cref="InvalidInputException">The disk refuses.</exception>
    public static T Writing<T>(string path, Func<T> write, string? aside = null)
    {
        try
        {
            return write();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(path, error, aside);
        }
    }

    /// <summary>Writes a file or folder.</summary>
    /// <exception cref="InvalidInputException">The disk refuses.</exception>
    public static void Writing(string path, Action write, string? aside = null) => Writing(path, () =>
    {
        write();
        return true;
    }, aside);

    /// <summary>Whether a file could not be opened because another process holds it.</summary>
    public static bool IsInUse(Exception error) => error is IOException { HResult: SharingViolation or LockedOnLinux or LockedOnMac };

    /// <summary>The error of a file that cannot be read, or whose contents are not what they should be.</summary>
    public static InvalidInputException Unreadable(string path, Exception error, string? advice = null) =>
        new($"{path}: cannot be read ({ErrorText.FirstLine(error).TrimEnd('.')}){(advice is null ? "" : $"; {advice}")}.", error);

    private static InvalidInputException Unwritable(string path, Exception error, string? aside)
    {
        string reason = error.Message.ReplaceLineEndings(" ").Trim();
        if (aside is not null) reason = reason.Replace(aside, path, StringComparison.Ordinal);
        return new($"{path}: cannot be written ({ErrorText.Cut(reason).TrimEnd('.')}); check the permissions and the free space.", error);
    }
}
