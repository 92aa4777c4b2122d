namespace SafeRlhfV.Annotation;

/// <summary>What a run would ask for, before anything is asked.</summary>
/// <param name="Images">Images found.</param>
/// <param name="Units">Images times categories times severities.</param>
/// <param name="QuestionCalls">Calls for questions.</param>
/// <param name="AnswerCalls">Calls for answers, at most.</param>
/// <param name="JudgeCalls">Calls for judgements, at most, unreadable replies aside.</param>
/// <param name="JudgeTokens">Tokens that judgements ask and answer, estimated for answers of usual length.</param>
/// <param name="JudgeGpuDays">Days of one GPU at so many tokens a second.</param>
/// <param name="TokensPerSecond">Tokens a second of one GPU.</param>
public sealed record MakingPlan(
    int Images, int Units, long QuestionCalls, long AnswerCalls, long JudgeCalls, long JudgeTokens, double JudgeGpuDays, double TokensPerSecond);
