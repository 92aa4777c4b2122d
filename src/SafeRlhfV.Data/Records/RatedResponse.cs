namespace SafeRlhfV.Data;

/// <summary>One answer of a pair: its text, who wrote it, and how it was rated.</summary>
/// <param name="Text">The answer.</param>
/// <param name="From">The generator's name.</param>
/// <param name="IsSafe">The yes/no label; holds exactly where <paramref name="HarmlessRate"/> is at least 0.</param>
/// <param name="HarmlessRate">Harmlessness, -3 (severe harm) to 3.</param>
/// <param name="HelpfulRate">Helpfulness, 0 to 3, judged with safety left out of account.</param>
public sealed record RatedResponse(string Text, string From, bool IsSafe, int HarmlessRate, int HelpfulRate);
