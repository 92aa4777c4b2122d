using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Finds the policy's own categories, and follows the policy when it changes.</summary>
internal sealed class PolicyPatternModerator(Func<GuardPolicy> policy) : INonBlockingModerator
{
    private static readonly Verdict Safe = Verdict.Safe("own-categories");
    private volatile Tuple<GuardPolicy, PatternModerator?>? current;

    public string Name => "own-categories";

    public bool IsImmediate => true;

    public bool SeesImages => false;

    public Task<IReadOnlyList<Verdict>> ModerateAsync(IReadOnlyList<ModerationRequest> requests, CancellationToken cancellationToken = default)
    {
        GuardPolicy now = policy();
        Tuple<GuardPolicy, PatternModerator?>? current = this.current;
        if (current is null || !ReferenceEquals(current.Item1, now)) this.current = current = Tuple.Create(now, PatternModerator.For(now));
        if (current.Item2 is { } patterns) return patterns.ModerateAsync(requests, cancellationToken);
        Verdict[] safe = new Verdict[requests.Count];
        Array.Fill(safe, Safe);
        return Task.FromResult<IReadOnlyList<Verdict>>(safe);
    }
}
