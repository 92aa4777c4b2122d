namespace SafeRlhfV.Annotation;

/// <summary>What a run would ask for, before anything is asked.</summary>
/// <param name="Pictures">Pictures found.</param>
/// <param name="Units">Pictures times categories times severities.</param>
/// <param name="QuestionCalls">Calls for questions.</param>
/// <param name="AnswerCalls">Calls for answers, at most.</param>
/// <param name="JudgeCalls">Calls for judgements, at most, unreadable replies aside.</param>
public sealed record MakingPlan(int Pictures, int Units, long QuestionCalls, long AnswerCalls, long JudgeCalls);
