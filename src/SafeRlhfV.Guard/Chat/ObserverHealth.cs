namespace SafeRlhfV.Guard;

/// <summary>
/// Whether a client's observer failed the last time; shared by its requests. While it fails, the model is not asked before the prompt is recorded.
/// </summary>
internal sealed class ObserverHealth
{
    private volatile bool _isFailing;

    public bool IsFailing
    {
        get => _isFailing;
        set => _isFailing = value;
    }
}
