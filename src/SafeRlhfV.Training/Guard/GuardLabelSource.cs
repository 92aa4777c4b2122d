using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>Where a guard's labels come from.</summary>
public static class GuardLabelSource
{
    /// <summary>What of a row is looked at.</summary>
    public const RecordParts Parts = RecordParts.Answers | RecordParts.Labels | RecordParts.Rates | RecordParts.Category | RecordParts.Severity;

    /// <summary>
    /// The labels that BeaverTails-V's own columns give. An answer: its yes/no label, the row's category, and the size of a negative harmless rate (flat rows
    /// state no severity). The prompt alone: harmful where the image's severity is above 0. Null where the row does not say: a missing label is never safe.
    /// </summary>
    /// <param name="row">The row.</param>
    /// <param name="response">0 = the prompt alone; else the answer, 1 or 2.</param>
    public static GuardLabel? FromColumns(ConversationRecord row, int response)
    {
        string[]? harmful = row.Labels.Category is { } category ? [category] : null;
        if (response == 0)
            return row.Labels.ImageSeverity is not { } shown ? null : Math.Clamp(shown, 0, 3) is var severity && severity > 0
                ? new GuardLabel(true, harmful, severity) : new GuardLabel(false, [], 0);
        if (row.Answers.Count < response || row.Answers[response - 1] is not { Unsafe: { } isUnsafe } answer) return null;
        return isUnsafe ? new GuardLabel(true, harmful, answer.Rates.Harmless is { } rate ? Math.Min(3, -rate) : null) : new GuardLabel(false, [], 0);
    }
}
