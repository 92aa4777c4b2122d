namespace SafeRlhfV.Training;

/// <summary>What of CM-V's score is an answer's cost.</summary>
public enum CostForm
{
    /// <summary>The score C itself: the budget bounds its mean.</summary>
    Score,

    /// <summary>1 where C is above a threshold, else 0: the budget bounds the share of such answers.</summary>
    Violation,
}
