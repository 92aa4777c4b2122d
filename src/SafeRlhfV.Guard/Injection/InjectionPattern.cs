using System.Text.RegularExpressions;

namespace SafeRlhfV.Guard;

/// <summary>One pattern of an injection.</summary>
/// <param name="Side">The side that it is for; null for both.</param>
/// <param name="Weight">How much a match says, above 0 and at most 1.</param>
/// <param name="Name">Its name.</param>
/// <param name="Pattern">The expression.</param>
public sealed record InjectionPattern(InjectionSide? Side, double Weight, string Name, Regex Pattern);
