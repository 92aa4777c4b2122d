namespace SafeRlhfV.Guard;

/// <summary>
/// Whether a client's observer failed the last time; shared by its requests. While it fails, the model is not asked before the prompt is recorded.
/// </summary>
internal sealed class ObserverHealth
{
    private volatile bool isFailing;

    public bool IsFailing
    {
        get => isFailing;
        set => isFailing = value;
    }
}
