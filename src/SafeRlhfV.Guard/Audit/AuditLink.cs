namespace SafeRlhfV.Guard;

/// <summary>Ties the records of one request to each other.</summary>
internal sealed class AuditLink
{
    /// <summary>The record of the prompt, once there is one.</summary>
    public AuditEntry? Prompt { get; set; }
}
