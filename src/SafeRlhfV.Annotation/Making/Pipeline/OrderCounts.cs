using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Annotation;

/// <summary>How far the order of the answers sways the judge, as counts that add up.</summary>
/// <param name="Judgements">Judgements read.</param>
/// <param name="Both">Repeats judged in both orders.</param>
/// <param name="ChangedHelpful">Of these, those whose choice of the more helpful answer changed with the order.</param>
/// <param name="ChangedSafe">The same for the safer answer.</param>
/// <param name="FirstHelpful">Judgements that found the answer shown first more helpful.</param>
/// <param name="FirstSafe">The same for safer.</param>
internal sealed record OrderCounts(int Judgements, int Both, int ChangedHelpful, int ChangedSafe, int FirstHelpful, int FirstSafe)
{
    public static OrderCounts None { get; } = new(0, 0, 0, 0, 0, 0);

    /// <summary>The counts of some pairs.</summary>
    public static OrderCounts Of(IEnumerable<PairJudgements> pairs)
    {
        OrderCounts counts = None;
        foreach (PairJudgements pair in pairs)
        {
            PairwiseVerdict[][] both = [.. pair.Readable.GroupBy(one => one.Repeat).Where(repeat => repeat.Count() > 1)
                .Select(repeat => repeat.Select(one => one.Verdict).ToArray())];
            counts += new OrderCounts(
                pair.Readable.Count,
                both.Length,
                both.Count(two => two[0].MoreHelpful != two[1].MoreHelpful),
                both.Count(two => two[0].Safer != two[1].Safer),
                pair.Readable.Count(one => one.Verdict.MoreHelpful == Preference.First == one.InOrder),
                pair.Readable.Count(one => one.Verdict.Safer == Preference.First == one.InOrder));
        }
        return counts;
    }

    public static OrderCounts operator +(OrderCounts one, OrderCounts other) => new(
        one.Judgements + other.Judgements, one.Both + other.Both, one.ChangedHelpful + other.ChangedHelpful, one.ChangedSafe + other.ChangedSafe,
        one.FirstHelpful + other.FirstHelpful, one.FirstSafe + other.FirstSafe);

    /// <summary>A share of a count; NaN without any.</summary>
    public static double Share(int part, int of) => of == 0 ? double.NaN : (double)part / of;
}
