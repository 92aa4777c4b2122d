namespace SafeRlhfV.Training;

/// <summary>How many rows of a data set give something to learn from, counted before the first step: an epoch is one pass over those.</summary>
/// <param name="Rows">All rows of the split.</param>
/// <param name="Usable">Those that are learnt from.</param>
/// <param name="TooLong">Those left out because a text is too long; the others lack an answer, a preference or a label.</param>
public sealed record UsableRows(long Rows, long Usable, long TooLong)
{
    /// <summary>Pairs left out because both answers are unsafe.</summary>
    public long BothUnsafe { get; init; }

    /// <summary>Pairs that are learnt from in the other order than they are preferred, so that the safe answer wins.</summary>
    public long Reordered { get; init; }

    /// <summary>Share of the rows that are left out.</summary>
    public double DroppedShare => 1 - Usable / (double)Rows;

    /// <summary>What a person should know; null where every row is used as it is.</summary>
    /// <param name="what">What the rows are called.</param>
    public string? Note(string what)
    {
        List<string> sentences = [];
        if (Usable != Rows)
            sentences.Add(FormattableString.Invariant(
                $"{Rows - Usable} of {Rows} {what} ({DroppedShare:P1}) are left out: {Reasons}. An epoch is one pass over the other {Usable}."));
        if (Reordered > 0)
            sentences.Add(FormattableString.Invariant(
                $"In {Reordered} of {Usable} pairs ({Reordered / (double)Usable:P1}) the safe answer wins over the unsafe one that is preferred."));
        return sentences.Count == 0 ? null : string.Join(' ', sentences);
    }

    /// <summary>The counts by name, as the mark that a run is finished keeps them.</summary>
    internal IReadOnlyDictionary<string, long> Counts
    {
        get
        {
            Dictionary<string, long> counts = new() { ["all"] = Rows, ["used"] = Usable, ["too_long"] = TooLong };
            if (BothUnsafe > 0) counts["both_unsafe"] = BothUnsafe;
            if (Reordered > 0) counts["reordered"] = Reordered;
            return counts;
        }
    }

    /// <summary>Why rows are left out.</summary>
    internal string Reasons
    {
        get
        {
            long empty = Rows - Usable - TooLong - BothUnsafe;
            List<string> reasons = [];
            if (TooLong > 0) reasons.Add($"{TooLong} too long for training.lengths");
            if (BothUnsafe > 0) reasons.Add($"{BothUnsafe} with two unsafe answers");
            if (empty > 0 || reasons.Count == 0) reasons.Add($"{empty} without an answer, preference or label that is needed");
            return string.Join(", ", reasons);
        }
    }
}
