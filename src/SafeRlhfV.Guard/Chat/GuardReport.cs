namespace SafeRlhfV.Guard;

/// <summary>What the guard decided about one request; handed to the observer, and on the response (see <see cref="GuardReportExtensions"/>).</summary>
public sealed record GuardReport
{
    /// <summary>A name of its own.</summary>
    public required string Id { get; init; }

    /// <summary>When the request came.</summary>
    public required DateTimeOffset Received { get; init; }

    /// <summary>Who asked.</summary>
    public required GuardContext Context { get; init; }

    /// <summary>What was asked: the last user turn with all the images of the conversation.</summary>
    public required ModerationRequest Prompt { get; init; }

    /// <summary>
    /// What the decision about the prompt is about where that is not <see cref="Prompt"/>: the whole conversation, where system, history or tool texts drew
    /// the verdict. Null otherwise.
    /// </summary>
    public ModerationRequest? Judged { get; init; }

    /// <summary>How many pieces of data the prompt's placeholders stand for, by kind; <see cref="Prompt"/> and the drafts hold the placeholders.</summary>
    public IReadOnlyDictionary<string, int> Redacted { get; init; } = NothingRedacted;

    internal static IReadOnlyDictionary<string, int> NothingRedacted { get; } = new Dictionary<string, int>();

    /// <summary>The policy in force.</summary>
    public required string PolicyVersion { get; init; }

    internal bool BlocksFlaggedPrompts { get; init; }

    internal bool BlocksFlaggedAnswers { get; init; }

    /// <summary>Whether the request asked that all that is flagged on a side be blocked.</summary>
    internal bool BlocksFlagged(GuardSide side) => side == GuardSide.Prompt ? BlocksFlaggedPrompts : BlocksFlaggedAnswers;

    /// <summary>What was decided about the prompt; null where prompts are not checked.</summary>
    public GuardDecision? PromptDecision { get; init; }

    /// <summary>Every drafted answer with its decision; in a stream, the last decision on each draft. Empty where no answer was judged.</summary>
    public IReadOnlyList<RegenerationRound> Rounds { get; init; } = [];

    /// <summary>How it ended; null while it has not.</summary>
    public GuardOutcome? Outcome { get; init; }

    /// <summary>The refusal that the user saw, or null.</summary>
    public string? Refusal { get; init; }

    /// <summary>Whether the observer could not be told: then the refusal is for that alone, and says nothing about what was asked or answered.</summary>
    public bool IsUnrecorded { get; init; }

    /// <summary>
    /// What went wrong where a moderator did not judge, or null: then the refusal says nothing about what was asked or answered, and another try may pass.
    /// </summary>
    public string? ModeratorFailure { get; init; }

    /// <summary>The notice that the user saw, or that was left out of the text because a program reads it as JSON; null where there is none.</summary>
    public string? Notice { get; init; }

    /// <summary>From the request's coming to its end.</summary>
    public TimeSpan Duration { get; init; }

    /// <summary>How much of it moderation took.</summary>
    public TimeSpan ModerationTime { get; init; }

    /// <summary>
    /// The same object in all reports of one request, and in those of no other: an observer ties to it what it keeps from call to call
    /// (<see cref="System.Runtime.CompilerServices.ConditionalWeakTable{TKey, TValue}"/>).
    /// </summary>
    public object Identity { get; } = new();
}
