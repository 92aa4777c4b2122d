namespace SafeRlhfV.Gateway;

/// <summary>Where a member of an answer stands.</summary>
internal enum MemberPlace
{
    /// <summary>In the message, or a stream's delta.</summary>
    Message,

    /// <summary>In the choice.</summary>
    Choice,

    /// <summary>In the answer, beside the choices.</summary>
    Body,
}
