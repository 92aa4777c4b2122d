namespace SafeRlhfV.Data;

/// <summary>One of a pair's two answers.</summary>
public enum PairSide
{
    /// <summary>The answer that the pair's main preference names.</summary>
    Chosen,

    /// <summary>The other one.</summary>
    Rejected,
}
