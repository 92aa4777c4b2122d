namespace SafeRlhfV.Guard;

/// <summary>
/// A moderator whose call returns at once or after little, bounded work: with its verdicts, or with a task. <see cref="FailClosedModerator"/> then calls it on
/// the caller's thread instead of lending it another, which under load is most of a cheap moderator's price.
/// </summary>
public interface INonBlockingModerator : IModerator
{
    /// <summary>Whether the task that it returns has always ended already, so that nobody need watch the time.</summary>
    bool IsImmediate => false;
}
