namespace SafeRlhfV.Guard;

/// <summary>What is done with content; a larger value is stricter.</summary>
public enum GuardAction
{
    /// <summary>It passes.</summary>
    Allow,

    /// <summary>It passes with a notice to the reader.</summary>
    AllowWithNotice,

    /// <summary>It passes with placeholders in place of sensitive data, which is put back into the answer (prompts only).</summary>
    Redact,

    /// <summary>The model is asked for another answer (answers only).</summary>
    Regenerate,

    /// <summary>It does not pass.</summary>
    Block,
}
