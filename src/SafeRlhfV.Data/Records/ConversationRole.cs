namespace SafeRlhfV.Data;

/// <summary>Who speaks in a message.</summary>
public enum ConversationRole
{
    /// <summary>Instructions to the model ("developer" in some formats).</summary>
    System,

    /// <summary>The person who asks.</summary>
    User,

    /// <summary>The model that answers.</summary>
    Assistant,
}
