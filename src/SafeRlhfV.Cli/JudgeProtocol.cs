namespace SafeRlhfV.Cli;

/// <summary>How a judge of pairs answers.</summary>
internal enum JudgeProtocol
{
    /// <summary>One JSON object.</summary>
    Json,

    /// <summary>The paper's twelve tagged fields.</summary>
    Tags,
}
