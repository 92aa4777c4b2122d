namespace SafeRlhfV.Training;

/// <summary>What an answer is rewarded for.</summary>
public enum RewardKind
{
    /// <summary>RM-V's score of the whole response, its thoughts too.</summary>
    Score,

    /// <summary>1 where the final answer says the same words as the right one.</summary>
    Exact,

    /// <summary>1 where the final answer chooses the right option.</summary>
    Choice,

    /// <summary>1 where the final answer is the right number.</summary>
    Number,

    /// <summary>1 where the response has the form that is asked for.</summary>
    Format,
}
