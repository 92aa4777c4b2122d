namespace SafeRlhfV.Guard;

/// <summary>How a guarded request ended.</summary>
public enum GuardOutcome
{
    /// <summary>An answer passed.</summary>
    Passed,

    /// <summary>The prompt was refused; the model was not asked.</summary>
    PromptRefused,

    /// <summary>No answer passed.</summary>
    AnswerRefused,

    /// <summary>A streamed answer turned unsafe after safe text had left; the rest was withheld.</summary>
    CutShort,

    /// <summary>The caller went away before the end.</summary>
    Abandoned,

    /// <summary>The model failed.</summary>
    ModelFailed,
}
