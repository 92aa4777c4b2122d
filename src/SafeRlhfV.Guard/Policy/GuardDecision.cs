namespace SafeRlhfV.Guard;

/// <summary>What a policy makes of a verdict.</summary>
/// <param name="Action">What is to be done.</param>
/// <param name="Side">Whether a prompt or an answer was judged.</param>
/// <param name="Verdict">The verdict, under the policy's thresholds where it states any.</param>
/// <param name="DecidedBy">The categories whose rules asked for <paramref name="Action"/>; empty where the default rule, a failure or the request did.</param>
/// <param name="PolicyVersion">The policy that decided.</param>
public sealed record GuardDecision(GuardAction Action, GuardSide Side, Verdict Verdict, IReadOnlyList<string> DecidedBy, string PolicyVersion)
{
    /// <summary>The verdict as the moderators gave it, where the policy's thresholds made another of it; null otherwise.</summary>
    public Verdict? Judged { get; init; }

    /// <summary>Whether the request itself asked that this be blocked (<see cref="GuardOptions.BlocksFlagged"/>); the policy would have let it pass.</summary>
    public bool IsAskedFor { get; init; }

    /// <summary>What is done where the request asks that all that is flagged be blocked, or does not.</summary>
    internal GuardDecision For(bool blocksFlagged) => blocksFlagged && Passes && Verdict.IsUnsafe
        ? this with { Action = GuardAction.Block, DecidedBy = [], IsAskedFor = true }
        : this;

    /// <summary>Whether the content may be seen by the other side.</summary>
    public bool Passes => Action is GuardAction.Allow or GuardAction.AllowWithNotice or GuardAction.Redact;
}
