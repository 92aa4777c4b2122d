namespace SafeRlhfV.Guard;

/// <summary>
/// Bounds the work of undoing the disguises of one text: how often it is undone, how many readings there are, how many characters are written, and how long it
/// takes.
/// </summary>
internal sealed class ReadingBudget
{
    private const int Deepest = 8; // disguises in one another
    private const int MostReadings = 400;
    private const long Least = 8_000_000; // characters
    private const long Times = 48; // of the text's length
    private readonly CancellationToken cancellationToken;
    private readonly long most;
    private long written;
    private int given;

    /// <summary>The budget of a text.</summary>
    public ReadingBudget(string text, CancellationToken cancellationToken) =>
        (most, this.cancellationToken) = (Least + (Times * text.Length), cancellationToken);

    /// <summary>Counts what a step has written.</summary>
    /// <exception cref="UnreadableTextException">It is too much.</exception>
    public string Spend(string step)
    {
        cancellationToken.ThrowIfCancellationRequested();
        written += step.Length;
        return written <= most ? step : throw new UnreadableTextException("the text hides too much other text to be checked");
    }

    /// <summary>Counts a reading.</summary>
    /// <exception cref="UnreadableTextException">They are too many.</exception>
    public string Give(string reading) =>
        ++given <= MostReadings ? reading : throw new UnreadableTextException($"the text can be read in more than {MostReadings} ways");

    /// <summary>Counts disguises in one another.</summary>
    /// <exception cref="UnreadableTextException">They are too many.</exception>
    public static void Check(int depth)
    {
        if (depth > Deepest) throw new UnreadableTextException($"the text is encoded more than {Deepest} times over");
    }
}
