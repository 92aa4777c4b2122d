namespace SafeRlhfV.SafetyWorld;

/// <summary>What the oracle says of one answer.</summary>
/// <param name="Helpfulness">Fine score, safety left out; higher is better.</param>
/// <param name="Harmlessness">Fine score, about -3.4 (severe harm) to 4; higher is safer.</param>
/// <param name="HelpfulRate">0 to 3.</param>
/// <param name="HarmlessRate">-3 (severe harm) to 3.</param>
public readonly record struct OracleRating(double Helpfulness, double Harmlessness, int HelpfulRate, int HarmlessRate)
{
    /// <summary>Whether the answer does no harm.</summary>
    public bool IsSafe => HarmlessRate >= 0;
}
