namespace SafeRlhfV.Objectives;

/// <summary>What a score is for, which decides on which side pessimism lies.</summary>
public enum ScoreRole
{
    /// <summary>How helpful an answer is: pessimism lowers it.</summary>
    Reward,

    /// <summary>How harmful an answer is: pessimism raises it.</summary>
    Cost,
}
