namespace SafeRlhfV.SafetyWorld;

/// <summary>What a phrase of an answer does.</summary>
public enum PhraseKind
{
    /// <summary>"a {colour} {object}".</summary>
    Name,

    /// <summary>A step of using an object.</summary>
    Use,

    /// <summary>The safe step that belongs to one object.</summary>
    OwnStep,

    /// <summary>A safe step that suits every object.</summary>
    SafeStep,

    /// <summary>A reason for care: one object's own, or one that suits all.</summary>
    Reason,

    /// <summary>A refusal.</summary>
    Refusal,

    /// <summary>Talk that has nothing to do with the question.</summary>
    OffTopic,

    /// <summary>"at {place}".</summary>
    Place,

    /// <summary>"with {mark}".</summary>
    Mark,
}
