using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>What a score model should say of a pair.</summary>
/// <param name="Higher">Which answer should score higher, 1 or 2: the more helpful for RM-V, the less safe for CM-V.</param>
/// <param name="Unsafe1">Whether answer 1 is unsafe (the sign CM-V should give); null for RM-V.</param>
/// <param name="Unsafe2">Whether answer 2 is unsafe; null for RM-V.</param>
public sealed record PairLabels(int Higher, bool? Unsafe1 = null, bool? Unsafe2 = null)
{
    /// <summary>What the row of a pair says that RM-V, or CM-V, should say.</summary>
    public static PairLabels Of(PreferencePair pair, bool cost) => cost ? new(3 - pair.Safer, !pair.Response1.IsSafe, !pair.Response2.IsSafe) : new(pair.MoreHelpful);
}
