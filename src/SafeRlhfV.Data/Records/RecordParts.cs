namespace SafeRlhfV.Data;

/// <summary>What of a row is wanted beside its conversation. Columns of other parts are not looked at: they may be missing, null or wrong.</summary>
[Flags]
public enum RecordParts
{
    /// <summary>The conversation up to the last question, and its images.</summary>
    None = 0,

    /// <summary>The answers.</summary>
    Answers = 1,

    /// <summary>Which answer is more helpful, or better overall.</summary>
    Helpful = 2,

    /// <summary>Which answer is safer.</summary>
    Safe = 4,

    /// <summary>Whether answers are safe.</summary>
    Labels = 8,

    /// <summary>How helpful and harmless answers are.</summary>
    Rates = 16,

    /// <summary>The category.</summary>
    Category = 32,

    /// <summary>How severe the image is.</summary>
    Severity = 64,

    /// <summary>The right answer.</summary>
    RightAnswer = 128,

    /// <summary>Whether the prompt is safe.</summary>
    Prompt = 256,

    /// <summary>Everything.</summary>
    All = Answers | Helpful | Safe | Labels | Rates | Category | Severity | RightAnswer | Prompt,
}
