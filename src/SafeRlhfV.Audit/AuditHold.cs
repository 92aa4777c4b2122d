namespace SafeRlhfV.Audit;

/// <summary>A legal hold: while one is in force, nothing is deleted for its age and nothing is erased.</summary>
/// <param name="Name">What it is called, such as a case's number.</param>
/// <param name="At">Since when, in UTC, as ISO 8601.</param>
/// <param name="Holder">Who put it in force.</param>
/// <param name="Reason">Why.</param>
public sealed record AuditHold(string Name, string At, string Holder, string Reason);
