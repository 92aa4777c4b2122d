namespace SafeRlhfV.Core;

/// <summary>Where a stage stands.</summary>
public enum StageState
{
    /// <summary>It is at work.</summary>
    Running,

    /// <summary>It has ended now.</summary>
    Finished,

    /// <summary>It had ended in an earlier run.</summary>
    Resumed,
}
