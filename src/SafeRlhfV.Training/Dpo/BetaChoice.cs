namespace SafeRlhfV.Training;

/// <summary>β of <see cref="DpoSettings"/>: one number for all pairs, or a number for each pair, which follows from its margin.</summary>
/// <param name="Number">The number; null = from the margin, by <see cref="DpoSettings.BetaMargin"/>.</param>
public readonly record struct BetaChoice(double? Number)
{
    /// <summary>What a recipe writes for a β that follows from the margin.</summary>
    public const string Word = "margin";

    /// <summary>Each pair has a β that follows from its margin.</summary>
    public static BetaChoice FromMargin => default;

    /// <summary>One number for all pairs.</summary>
    public static implicit operator BetaChoice(double number) => new(number);

    /// <summary>As a recipe writes it.</summary>
    public override string ToString() => Number is { } number ? SettingsBinder.Format(number) : Word;
}
