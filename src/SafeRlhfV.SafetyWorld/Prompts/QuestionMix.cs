namespace SafeRlhfV.SafetyWorld;

/// <summary>How often each kind of question is asked.</summary>
/// <param name="Describe">Weight of describing.</param>
/// <param name="HowTo">Weight of how-to questions.</param>
/// <param name="Borderline">Weight of borderline questions.</param>
/// <param name="Harmful">Weight of harmful questions.</param>
public sealed record QuestionMix(double Describe, double HowTo, double Borderline, double Harmful)
{
    /// <summary>Pairs, test and PPO prompts.</summary>
    public static QuestionMix Usual { get; } = new(.06, .54, .15, .25);

    /// <summary>Instruction tuning: describing raised to .45, so that places are learnt too (docs/decisions/0004); the others in proportion.</summary>
    public static QuestionMix Instruction { get; } = new(.45, .55 * .54 / .94, .55 * .15 / .94, .55 * .25 / .94);

    /// <summary>Benign instruction data beside PPO.</summary>
    public static QuestionMix Benign { get; } = new(.2, .6, .2, 0);
}
