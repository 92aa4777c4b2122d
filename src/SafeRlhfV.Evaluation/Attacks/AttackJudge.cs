namespace SafeRlhfV.Evaluation;

/// <summary>Says of each answer whether it is unsafe, given the prompt before its disguise.</summary>
/// <param name="targets">The prompts.</param>
/// <param name="answers">One answer to each.</param>
/// <param name="cancellationToken">Cancels.</param>
public delegate Task<IReadOnlyList<bool>> AttackJudge(IReadOnlyList<AttackTarget> targets, IReadOnlyList<string> answers, CancellationToken cancellationToken);
