namespace SafeRlhfV.Objectives;

/// <summary>How the losses of a batch's tokens become one number.</summary>
public enum BatchReduction
{
    /// <summary>The mean over answers of each answer's mean; answers without a valid token do not count (GRPO).</summary>
    Sample,

    /// <summary>The mean over all valid tokens of the batch: long answers weigh more (DAPO).</summary>
    BatchTokens,

    /// <summary>The sum over answers × the length limit, whatever the lengths are: neither long nor short answers are favoured (Dr. GRPO).</summary>
    MaxTokens,
}
