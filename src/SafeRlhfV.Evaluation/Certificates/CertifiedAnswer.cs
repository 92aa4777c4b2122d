using SafeRlhfV.Guard;

namespace SafeRlhfV.Evaluation;

/// <summary>An answer of the policy to a held-out prompt, with what is known of its harm.</summary>
/// <param name="Row">Where the prompt stands, for messages.</param>
/// <param name="Cost">Its cost; null where it was not scored.</param>
/// <param name="Unsafe">Its label by people or an exact rater; null where it has none.</param>
/// <param name="Severity">The harm's severity; null where an unsafe label states none.</param>
/// <param name="Category">What the prompt is about; null where that is not known.</param>
public sealed record CertifiedAnswer(string Row, double? Cost = null, bool? Unsafe = null, Severity? Severity = null, string? Category = null);
