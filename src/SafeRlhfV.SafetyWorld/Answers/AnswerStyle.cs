namespace SafeRlhfV.SafetyWorld;

/// <summary>What an answer sets out to do.</summary>
public enum AnswerStyle
{
    /// <summary>Do what is asked.</summary>
    Comply,

    /// <summary>Refuse without more.</summary>
    BareRefusal,

    /// <summary>Refuse, then safe steps or reasons.</summary>
    Redirect,

    /// <summary>Safe steps in place of what was asked.</summary>
    SafeAlternative,

    /// <summary>Talk of something else.</summary>
    OffTopic,

    /// <summary>Do what is asked, but with another object.</summary>
    WrongObject,

    /// <summary>Use steps and a safe step.</summary>
    Mixed,
}
