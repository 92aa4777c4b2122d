namespace SafeRlhfV.Processing;

/// <summary>Who speaks in a turn.</summary>
public enum ChatRole
{
    /// <summary>Instructions that stand above the conversation.</summary>
    System,

    /// <summary>The person who asks.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,
}
