namespace SafeRlhfV.Data;

/// <summary>What a record holds beside its messages.</summary>
public enum RecordKind
{
    /// <summary>Messages that end with an answer.</summary>
    Conversation,

    /// <summary>Messages that end with a question; perhaps the right answer.</summary>
    Prompt,

    /// <summary>A shared prompt and two answers, one preferred.</summary>
    Pair,

    /// <summary>Messages that end with an answer, and a verdict on it.</summary>
    Rated,

    /// <summary>A question of a benchmark.</summary>
    Item,
}
