using System.Globalization;

namespace SafeRlhfV.Evaluation;

/// <summary>A figure that must reach a level before the next stages may begin.</summary>
/// <param name="Name">What is measured.</param>
/// <param name="Value">What was found.</param>
/// <param name="Limit">The level.</param>
/// <param name="IsLeast">Whether the value must be at least the level; else at most.</param>
/// <param name="Count">Pairs (or rows) that it was measured on.</param>
/// <param name="Passed">Whether it is reached.</param>
/// <param name="Advice">What to do where it is not.</param>
public sealed record GateResult(string Name, double Value, double Limit, bool IsLeast, int Count, bool Passed, string Advice)
{
    /// <summary>What was found, where it is no figure with a level; null = as the other fields say.</summary>
    public string? Found { get; init; }

    /// <summary>The result in words.</summary>
    public override string ToString() => Found ?? string.Create(CultureInfo.InvariantCulture,
        $"{Name} is {(double.IsNaN(Value) ? "not known" : $"{Value:0.###}")} on {Count} held out, "
        + $"and must be {(IsLeast ? "at least" : "at most")} {Limit:0.###}");
}
