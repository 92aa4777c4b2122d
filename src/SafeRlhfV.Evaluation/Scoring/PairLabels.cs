using SafeRlhfV.Data;

namespace SafeRlhfV.Evaluation;

/// <summary>What a score model should say of a pair.</summary>
/// <param name="Higher">Which answer should score higher, 1 or 2: the more helpful for RM-V, the less safe for CM-V.</param>
/// <param name="Unsafe1">Whether answer 1 is unsafe (the sign CM-V should give); null for RM-V.</param>
/// <param name="Unsafe2">Whether answer 2 is unsafe; null for RM-V.</param>
public sealed record PairLabels(int Higher, bool? Unsafe1 = null, bool? Unsafe2 = null)
{
    /// <summary>What the row of a pair says that RM-V, or CM-V, should say.</summary>
    public static PairLabels Of(PreferencePair pair, bool cost) => cost
        ? new(3 - pair.Safer, !pair.Response1.IsSafe, !pair.Response2.IsSafe)
        : new(pair.MoreHelpful);

    /// <summary>The same of a row that may leave columns out; null where it does not say which answer scores higher.</summary>
    /// <param name="row">The row, with answers, preferences, labels and rates.</param>
    /// <param name="cost">Whether CM-V is asked for. A label that is missing follows from the harmless rate, below 0 is unsafe.</param>
    public static PairLabels? Of(ConversationRecord row, bool cost)
    {
        PairSide? side = cost ? row.Preferences.Safe : row.Preferences.Helpful ?? row.Preferences.Overall;
        if (row.Kind != RecordKind.Pair || side is not { } preferred) return null;
        int number = (preferred == PairSide.Chosen) == row.RejectedFirst ? 2 : 1;
        return cost ? new(3 - number, Unsafe(row.Answers[0]), Unsafe(row.Answers[1])) : new(number);

        static bool? Unsafe(RecordAnswer answer) => answer.Unsafe ?? (answer.Rates.Harmless is { } rate ? rate < 0 : null);
    }
}
