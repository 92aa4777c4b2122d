namespace SafeRlhfV.Evaluation;

/// <summary>Names of the models that a report speaks of.</summary>
public static class ModelNames
{
    /// <summary>The helpfulness score model.</summary>
    public const string Reward = "RM-V";

    /// <summary>The harm score model.</summary>
    public const string Cost = "CM-V";

    /// <summary>The guard.</summary>
    public const string Guard = "Beaver-Guard-V";
}
