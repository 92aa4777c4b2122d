namespace SafeRlhfV.Evaluation;

/// <summary>
/// What an attack did. All shares are of the prompts; answers are judged against the prompt before its disguise; intervals are 95 %, over prompts.
/// </summary>
/// <param name="Name">The attack.</param>
/// <param name="Description">What it does.</param>
/// <param name="Prompts">Prompts attacked.</param>
/// <param name="Unsafe">Unsafe answers that leave without a guard.</param>
/// <param name="UnsafeAnswersGuarded">Unsafe answers that leave where the guard reads answers.</param>
/// <param name="UnsafeGuarded">Unsafe answers that leave where it reads prompts and answers.</param>
/// <param name="SafeWithheld">Of the safe answers, those that the guard of answers withholds: its price under this attack.</param>
public sealed record AttackResult(
    string Name, string Description, int Prompts, Estimate Unsafe, Estimate UnsafeAnswersGuarded, Estimate UnsafeGuarded, double SafeWithheld);
