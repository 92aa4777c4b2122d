using SafeRlhfV.Evaluation;

namespace SafeRlhfV.Annotation;

/// <summary>How far the order of the answers sways the judge.</summary>
internal static class JudgeOrder
{
    /// <summary>Of repeats judged in both orders, the share whose choice changed with the order; NaN without any.</summary>
    public static double Dependent(IEnumerable<UnitResult> results, Func<PairwiseVerdict, Preference> preference)
    {
        int both = 0, changed = 0;
        foreach (PairJudgements judgements in results.SelectMany(result => result.Judgements))
            foreach (var repeat in judgements.Readable.GroupBy(one => one.Repeat))
            {
                Preference[] choices = [.. repeat.Select(one => preference(one.Verdict))];
                if (choices.Length < 2) continue;
                both++;
                if (choices[0] != choices[1]) changed++;
            }
        return both == 0 ? double.NaN : (double)changed / both;
    }

    /// <summary>Share of judgements that chose the answer shown first; NaN without any.</summary>
    public static double First(IEnumerable<UnitResult> results, Func<PairwiseVerdict, Preference> preference)
    {
        (int Repeat, bool InOrder, PairwiseVerdict Verdict)[] all =
            [.. results.SelectMany(result => result.Judgements).SelectMany(judgements => judgements.Readable)];
        return all.Length == 0 ? double.NaN : all.Average(one => preference(one.Verdict) == Preference.First == one.InOrder ? 1.0 : 0);
    }
}
