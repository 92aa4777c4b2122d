namespace SafeRlhfV.Training;

/// <summary>How many rows of a data set give something to learn from, counted before the first step: an epoch is one pass over those.</summary>
/// <param name="Rows">All rows of the split.</param>
/// <param name="Usable">Those that are learnt from.</param>
/// <param name="TooLong">Those left out because a text is too long; the others lack an answer, a preference or a label.</param>
public sealed record UsableRows(long Rows, long Usable, long TooLong)
{
    /// <summary>Share of the rows that are left out.</summary>
    public double DroppedShare => 1 - Usable / (double)Rows;

    /// <summary>What a person should know; null where every row is used.</summary>
    /// <param name="what">What the rows are called.</param>
    public string? Note(string what) => Usable == Rows
        ? null
        : FormattableString.Invariant(
            $"{Rows - Usable} of {Rows} {what} ({DroppedShare:P1}) are left out: {Reasons}. An epoch is one pass over the other {Usable}.");

    /// <summary>Why rows are left out.</summary>
    internal string Reasons
    {
        get
        {
            long empty = Rows - Usable - TooLong;
            string tooLong = $"{TooLong} too long for training.lengths", without = $"{empty} without an answer, preference or label that is needed";
            return (TooLong, empty) switch { (_, 0) => tooLong, (0, _) => without, _ => $"{tooLong}, {without}" };
        }
    }
}
