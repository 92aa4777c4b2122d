namespace SafeRlhfV.Gateway;

/// <summary>
/// Leaves an upstream alone for a while where at least half of the calls of the last half minute failed; then lets a single call find out whether it works
/// again.
/// </summary>
/// <remarks>Its own sixty lines instead of a library's pipeline, which cost a tenth of all that a request allocates.</remarks>
internal sealed class CircuitBreaker(TimeSpan pause, TimeProvider clock)
{
    private const int FewestCalls = 10;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(15);
    private readonly Lock gate = new();
    private Counts now, before;
    private long windowAt = clock.GetTimestamp(), openedAt;
    private long? unreachableAt;
    private bool isOpen, isProbing;

    /// <summary>Whether calls are being held back: true until a trial call has succeeded.</summary>
    public bool IsOpen
    {
        get
        {
            lock (gate) return isOpen && clock.GetElapsedTime(openedAt) < pause;
        }
    }

    /// <summary>
    /// Whether a caller would hardly be answered: calls are being held back, or one within the pause found no connection and none has succeeded since.
    /// </summary>
    public bool IsDown
    {
        get
        {
            lock (gate) return IsOpen || (unreachableAt is { } at && clock.GetElapsedTime(at) < pause);
        }
    }

    /// <summary>
    /// Whether a call may be made; who is told so says how it went, by <see cref="Succeeded"/>, <see cref="Failed"/> or <see cref="Abandoned"/>.
    /// </summary>
    public bool TryEnter()
    {
        lock (gate)
        {
            if (!isOpen) return true;
            if (isProbing || clock.GetElapsedTime(openedAt) < pause) return false;
            return isProbing = true;
        }
    }

    public void Succeeded()
    {
        lock (gate)
        {
            Turn();
            unreachableAt = null;
            if (isOpen) (isOpen, isProbing, now, before) = (false, false, default, default);
            now.All++;
        }
    }

    /// <param name="isUnreachable">Whether there was no connection.</param>
    public void Failed(bool isUnreachable = false)
    {
        lock (gate)
        {
            Turn();
            if (isUnreachable) unreachableAt = clock.GetTimestamp();
            now.All++;
            now.Failures++;
            int all = now.All + before.All, failures = now.Failures + before.Failures;
            if (isProbing || (!isOpen && all >= FewestCalls && failures * 2 >= all)) (isOpen, isProbing, openedAt) = (true, false, clock.GetTimestamp());
        }
    }

    /// <summary>The call ended without saying anything about the upstream: the caller went away.</summary>
    public void Abandoned()
    {
        lock (gate) isProbing = false;
    }

    private void Turn()
    {
        TimeSpan age = clock.GetElapsedTime(windowAt);
        if (age < Window) return;
        (before, now, windowAt) = (age < 2 * Window ? now : default, default, clock.GetTimestamp());
    }

    private struct Counts
    {
        public int All, Failures;
    }
}
