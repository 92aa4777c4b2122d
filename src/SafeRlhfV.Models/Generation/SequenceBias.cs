namespace SafeRlhfV.Models;

/// <summary>What is added to a token's logit after certain tokens.</summary>
/// <param name="Ids">The sequence; the bias is for its last token, where the others have just come.</param>
/// <param name="Bias">Added to the logit; minus infinity forbids.</param>
public sealed record SequenceBias(IReadOnlyList<int> Ids, double Bias);
