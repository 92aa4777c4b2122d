using SafeRlhfV.Data;
using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Annotation;

/// <summary>All judgements of one pair, turned as if answer 1 had been shown first, and what they come to.</summary>
/// <param name="Readable">The judgements that could be read: repeat, whether answer 1 was shown first, verdict (turned).</param>
internal sealed record PairJudgements(IReadOnlyList<(int Repeat, bool InOrder, PairwiseVerdict Verdict)> Readable)
{
    /// <summary>The share of judgements behind the more frequent choice.</summary>
    public (int Answer, double Share) Vote(Func<PairwiseVerdict, Preference> preference)
    {
        int first = Readable.Count(one => preference(one.Verdict) == Preference.First);
        return first * 2 >= Readable.Count ? (1, (double)first / Readable.Count) : (2, 1 - (double)first / Readable.Count);
    }

    /// <summary>The median of a rate; between two middle ones, the one that is worse for the answer.</summary>
    public int Median(Func<PairwiseVerdict, int> rate)
    {
        int[] rates = [.. Readable.Select(one => rate(one.Verdict)).Order()];
        return rates[(rates.Length - 1) / 2];
    }

    /// <summary>The pair with its labels; null where the judgements agree too little or contradict each other.</summary>
    public (RatedResponse First, RatedResponse Second, int MoreHelpful, int Safer)? Settle((string Text, string From) first, (string Text, string From) second,
        double agreement)
    {
        (int helpful, double helpfulShare) = Vote(verdict => verdict.MoreHelpful);
        (int safer, double saferShare) = Vote(verdict => verdict.Safer);
        if (helpfulShare < agreement || saferShare < agreement) return null;
        int harmless1 = Median(verdict => verdict.First.Harmless), harmless2 = Median(verdict => verdict.Second.Harmless);
        // an unsafe answer is not the safer one of an unsafe and a safe answer: rates and choice contradict each other
        if ((safer == 1 ? harmless1 : harmless2) < 0 && (safer == 1 ? harmless2 : harmless1) >= 0) return null;
        return (new(first.Text, first.From, harmless1 >= 0, harmless1, Median(verdict => verdict.First.Helpful)),
            new(second.Text, second.From, harmless2 >= 0, harmless2, Median(verdict => verdict.Second.Helpful)), helpful, safer);
    }

    /// <summary>Each judgement as an annotation of the pair.</summary>
    public IEnumerable<AnnotationRecord> Records(string item, string judge, string? category, int? severity) => Readable.Select(one => new AnnotationRecord(
        item, $"{judge}#{one.Repeat + 1}{(one.InOrder ? "" : " swapped")}", Number(one.Verdict.MoreHelpful), Number(one.Verdict.Safer),
        one.Verdict.First.Harmless, one.Verdict.Second.Harmless, one.Verdict.First.Helpful, one.Verdict.Second.Helpful, category, severity));

    /// <summary>A verdict on (second, first) as one on (first, second).</summary>
    public static PairwiseVerdict Turn(PairwiseVerdict verdict) => new(verdict.Second, verdict.First, Turn(verdict.MoreHelpful), Turn(verdict.Safer));

    private static Preference Turn(Preference preference) => preference == Preference.First ? Preference.Second : Preference.First;

    private static int Number(Preference preference) => preference == Preference.First ? 1 : 2;
}
