namespace SafeRlhfV.Gateway;

/// <summary>
/// Leaves an upstream alone for a while where at least half of the calls of the last half minute failed; then lets a single call find out whether it is well
/// again.
/// </summary>
/// <remarks>Its own sixty lines instead of a library's pipeline, which cost a tenth of all that a request allocates.</remarks>
internal sealed class CircuitBreaker(TimeSpan pause, TimeProvider clock)
{
    private const int FewestCalls = 10;
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(15);
    private readonly Lock _lock = new();
    private Counts _now, _before;
    private long _windowAt = clock.GetTimestamp(), _openedAt;
    private bool _isOpen, _isProbing;

    /// <summary>Whether calls are being held back: true until a trial call has succeeded.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_lock) return _isOpen && clock.GetElapsedTime(_openedAt) < pause;
        }
    }

    /// <summary>
    /// Whether a call may be made; who is told so says how it went, by <see cref="Succeeded"/>, <see cref="Failed"/> or <see cref="Abandoned"/>.
    /// </summary>
    public bool TryEnter()
    {
        lock (_lock)
        {
            if (!_isOpen) return true;
            if (_isProbing || clock.GetElapsedTime(_openedAt) < pause) return false;
            return _isProbing = true;
        }
    }

    public void Succeeded()
    {
        lock (_lock)
        {
            Turn();
            if (_isOpen) (_isOpen, _isProbing, _now, _before) = (false, false, default, default);
            _now.All++;
        }
    }

    public void Failed()
    {
        lock (_lock)
        {
            Turn();
            _now.All++;
            _now.Failures++;
            int all = _now.All + _before.All, failures = _now.Failures + _before.Failures;
            if (_isProbing || (!_isOpen && all >= FewestCalls && failures * 2 >= all)) (_isOpen, _isProbing, _openedAt) = (true, false, clock.GetTimestamp());
        }
    }

    /// <summary>The call ended without saying anything about the upstream: the caller went away.</summary>
    public void Abandoned()
    {
        lock (_lock) _isProbing = false;
    }

    private void Turn()
    {
        TimeSpan age = clock.GetElapsedTime(_windowAt);
        if (age < Window) return;
        (_before, _now, _windowAt) = (age < 2 * Window ? _now : default, default, clock.GetTimestamp());
    }

    private struct Counts
    {
        public int All, Failures;
    }
}
