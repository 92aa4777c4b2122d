namespace SafeRlhfV.Gateway;

/// <summary>The kinds of moderators that a gateway can be told to use.</summary>
public enum ModeratorKind
{
    /// <summary>Words and patterns.</summary>
    Patterns,

    /// <summary>A <c>/v1/moderations</c> service.</summary>
    OpenAI,

    /// <summary>A chat model that judges.</summary>
    Judge,

    /// <summary>A guard checkpoint on this machine.</summary>
    Local,
}
