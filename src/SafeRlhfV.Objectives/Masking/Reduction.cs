namespace SafeRlhfV.Objectives;

/// <summary>How a [B, T] quantity becomes one number. Rows without a valid token never count.</summary>
public enum Reduction
{
    /// <summary>Mean over non-empty rows of each row's mean: every answer weighs the same (the released code's masked mean; the default).</summary>
    Row,

    /// <summary>Mean over all valid tokens: long answers weigh more.</summary>
    Token,
}
