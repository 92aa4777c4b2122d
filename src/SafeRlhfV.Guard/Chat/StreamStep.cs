namespace SafeRlhfV.Guard;

/// <summary>What a guarded stream waits for before it judges.</summary>
public enum StreamStep
{
    /// <summary>The end of the answer.</summary>
    Whole,

    /// <summary>The end of a sentence.</summary>
    Sentence,

    /// <summary>A number of characters.</summary>
    Window,
}
