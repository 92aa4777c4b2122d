namespace SafeRlhfV.Models;

/// <summary>What a trained model or adapter is for.</summary>
public enum ModelKind
{
    /// <summary>It answers.</summary>
    Policy,

    /// <summary>RM-V: one score, how helpful an answer is.</summary>
    Reward,

    /// <summary>CM-V: one score, how harmful an answer is.</summary>
    Cost,

    /// <summary>RM-V and CM-V: two scores, reward and cost.</summary>
    Scores,

    /// <summary>Beaver-Guard-V: verdict, categories, severity.</summary>
    Guard,
}
