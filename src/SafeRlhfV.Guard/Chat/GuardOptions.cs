using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;

namespace SafeRlhfV.Guard;

/// <summary>Settings of a <see cref="GuardedChatClient"/>.</summary>
public sealed class GuardOptions
{
    /// <summary>Who judges answers, and prompts where <see cref="PromptModerator"/> is null. Made to fail closed.</summary>
    public IModerator? Moderator { get; set; }

    /// <summary>Who judges prompts, where it is another.</summary>
    public IModerator? PromptModerator { get; set; }

    /// <summary>Who looks for injections in prompts and in what tools return; null for nobody. It looks at tools' results in any case.</summary>
    public InjectionGuard? Injection { get; set; }

    /// <summary>The policy in force, asked for once a request; <c>() =&gt; file.Current</c> of a <see cref="PolicyFile"/> follows changes.</summary>
    public Func<GuardPolicy> Policy { get; set; } = () => GuardPolicy.Default;

    /// <summary>A policy that runs beside the one in force and tells what it would have done; null for none. Stays the caller's to dispose.</summary>
    public ShadowPolicy? Shadow { get; set; }

    /// <summary>Who asks; nobody in particular by default.</summary>
    public Func<ChatOptions?, GuardContext> Context { get; set; } = _ => GuardContext.Anyone;

    /// <summary>The name of a request in its report; a new one by default (null).</summary>
    public Func<ChatOptions?, string?> RequestId { get; set; } = _ => null;

    /// <summary>Whether a request asks that all that is flagged be blocked on a side, where the policy would let it pass; no by default.</summary>
    public Func<ChatOptions?, GuardSide, bool> BlocksFlagged { get; set; } = (_, _) => false;

    /// <summary>Whether prompts are checked: the last user turn, the conversation where it has more, and <see cref="ExtraText"/>.</summary>
    public bool CheckPrompts { get; set; } = true;

    /// <summary>Whether answers are checked.</summary>
    public bool CheckAnswers { get; set; } = true;

    /// <summary>Whether the results of tools are checked with the prompt.</summary>
    public bool CheckToolResults { get; set; }

    /// <summary>Whether system messages are checked with the prompt: needed where they come from the other side.</summary>
    public bool CheckSystemMessages { get; set; }

    /// <summary>Whether earlier answers in the conversation are checked with the prompt: needed where the other side could have forged them.</summary>
    public bool CheckAssistantMessages { get; set; }

    /// <summary>
    /// How many user turns, counted from the end, are judged with everything that follows them; null = the whole conversation. With 1 only what is new is
    /// judged: whoever may send a forged history should have it judged whole.
    /// </summary>
    public int? HistoryTurns { get; set; }

    /// <summary>
    /// The text that reaches the model beside the messages, and is judged with the prompt. Null = instructions, tools and response schema of the chat options,
    /// where system messages are checked.
    /// </summary>
    public Func<ChatOptions?, string?>? ExtraText { get; set; }

    /// <summary>
    /// Texts of others beside the messages, such as documents that the model is given: looked at for injections as what tools return is. Null = there are none.
    /// That they are judged as well is up to <see cref="ExtraText"/>.
    /// </summary>
    public Func<ChatOptions?, IReadOnlyList<string>>? Documents { get; set; }

    /// <summary>Remembers refused turns, which then go neither to the guard nor to the model; null = none are remembered.</summary>
    public RefusedTurns? RefusedTurns { get; set; }

    /// <summary>Whether refused turns are left out here; a host that leaves them out itself sets it to false.</summary>
    public bool LeaveOutRefusedTurns { get; set; } = true;

    /// <summary>
    /// Whether the model is asked while the prompt is judged, which saves that time. Nothing leaves before both are done, but the model has then read prompts
    /// that are refused.
    /// </summary>
    public bool Parallel { get; set; }

    /// <summary>Whether contents that no moderator here can read (sound, files, ...) pass unchecked. They are refused by default.</summary>
    public bool PassUncheckedContents { get; set; }

    /// <summary>How streams are held back.</summary>
    public StreamRelease Release { get; set; } = StreamRelease.Sentences();

    /// <summary>The longest that judging one text may take.</summary>
    public TimeSpan ModerationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The role of the message that feeds a verdict back to the model. Where the conversation ends with a message of this role the feedback becomes part of it,
    /// since many models demand that roles alternate.
    /// </summary>
    public ChatRole FeedbackRole { get; set; } = ChatRole.User;

    /// <summary>
    /// Whether the policy's notice is put before an answer that passes with one. It never stands in JSON (<see cref="ChatOptions.ResponseFormat"/>) or beside
    /// tool calls; <see cref="GuardReport.Notice"/> has it then.
    /// </summary>
    public bool AddNotices { get; set; } = true;

    /// <summary>Sees every decision, such as an audit trail.</summary>
    public IGuardObserver? Observer { get; set; }

    /// <summary>Where the guard writes what it decides and what fails, without what was asked or answered; null for nowhere.</summary>
    public ILogger? Log { get; set; }

    /// <summary>The clock.</summary>
    public TimeProvider Clock { get; set; } = TimeProvider.System;
}
