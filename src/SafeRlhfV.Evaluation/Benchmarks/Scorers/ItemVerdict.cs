namespace SafeRlhfV.Evaluation;

/// <summary>What a scorer said of one answer: a line of verdicts.jsonl.</summary>
/// <param name="Key">A hash of all that decides it: scorer, question, images, answer, vote.</param>
/// <param name="Item">The item's name.</param>
/// <param name="Scorer">The scorer's name.</param>
/// <param name="Aspect">What it was asked for, where a scorer asks for several things.</param>
/// <param name="Sample">Which of the item's answers.</param>
/// <param name="Vote">Which of several askings.</param>
/// <param name="Status">Whether it could be read.</param>
/// <param name="Reading">The form's word; null where there is none.</param>
/// <param name="Reason">Why: the phrase, the judge's words, or the fault.</param>
/// <param name="Score">A guard's probability of unsafe.</param>
public sealed record ItemVerdict(string Key, string Item, string Scorer, string Aspect, int Sample, int Vote, VerdictStatus Status, string? Reading = null,
    string? Reason = null, double? Score = null);
