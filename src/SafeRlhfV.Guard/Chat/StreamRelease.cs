namespace SafeRlhfV.Guard;

/// <summary>
/// How a streamed answer is held back until it has passed. What is new is judged together with the text before it, and only text that was judged safe leaves.
/// Answer and reasoning, and each of several choices, are judged as texts of their own.
/// </summary>
/// <remarks>
/// What has left cannot be called back: once something has, an unsafe continuation ends the answer with a refusal instead of being regenerated.
/// <see cref="HoldBackCharacters"/> keeps the end of the judged text back too, so that an unsafe phrase of up to that length never leaves even in part.
/// </remarks>
public sealed record StreamRelease
{
    private StreamRelease() { }

    /// <summary>Nothing leaves before the whole answer has passed; every round can be regenerated.</summary>
    public static StreamRelease Whole { get; } = new() { Step = StreamStep.Whole };

    /// <summary>Sentence by sentence; a sentence longer than 400 characters leaves in parts.</summary>
    /// <param name="holdBack">Characters kept back at the end of what was judged.</param>
    public static StreamRelease Sentences(int holdBack = 0) =>
        new() { Step = StreamStep.Sentence, WindowCharacters = 400, HoldBackCharacters = Checked(holdBack, 0) };

    /// <summary>Window by window.</summary>
    /// <param name="characters">How much new text makes a window.</param>
    /// <param name="holdBack">Characters kept back at the end of what was judged.</param>
    public static StreamRelease Windows(int characters = 200, int holdBack = 80) =>
        new() { Step = StreamStep.Window, WindowCharacters = Checked(characters, 1), HoldBackCharacters = Checked(holdBack, 0) };

    /// <summary>What is waited for before judging.</summary>
    public StreamStep Step { get; private init; }

    /// <summary>The length of a window, in UTF-16 units.</summary>
    public int WindowCharacters { get; private init; }

    /// <summary>How much of the judged text stays back until more has been judged, in UTF-16 units.</summary>
    public int HoldBackCharacters { get; private init; }

    /// <summary>
    /// How much of the text before it is judged again together with what is new, in UTF-16 units; 64 at least. Characters that cannot be seen, and blanks
    /// beside blanks, do not count; where more than four times as many stand among them (4,096 at least), the answer is refused. The whole text is judged each
    /// time it has doubled, and at its end; so the price of a stream grows with its length, not with its square. Harm that only shows over a longer stretch is
    /// found at those times.
    /// </summary>
    public int ContextCharacters { get; init; } = 4000;

    /// <summary>
    /// The most characters of an answer, streamed or whole, over all its choices and all that stands beside its text: what is judged must be held. A longer
    /// answer is refused, or cut short where a part of it has left.
    /// </summary>
    public int LongestAnswer { get; init => field = Checked(value, 1); } = 4_000_000;

    private static int Checked(int value, int least) =>
        value >= least ? value : throw new ArgumentOutOfRangeException(nameof(value), value, $"At least {least} is needed.");
}
