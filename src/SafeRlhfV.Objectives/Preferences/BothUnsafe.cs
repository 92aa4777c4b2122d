namespace SafeRlhfV.Objectives;

/// <summary>What SafeDPO does with a pair of two unsafe answers.</summary>
public enum BothUnsafe
{
    /// <summary>The pair is left out, and counted (SafeDPO).</summary>
    Drop,

    /// <summary>The pair keeps its order, without the safety margin.</summary>
    Keep,
}
