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

    /// <summary>Stops a run whose gates are not passed.</summary>
    /// <param name="results">The gates.</param>
    /// <param name="advice">What to do where one is not passed, for the message.</param>
    /// <param name="warn">Goes on all the same, and is told of each that is not passed; null = the run stops.</param>
    /// <returns>The gates in words.</returns>
    /// <exception cref="GateException">One is not passed, and the run stops.</exception>
    public static string Demand(IReadOnlyList<GateResult> results, Func<GateResult, string> advice, Action<GateResult>? warn)
    {
        GateResult[] failed = [.. results.Where(result => !result.Passed)];
        if (failed.Length == 0)
            return string.Join("; ", results.Select(result => result.Found ?? FormattableString.Invariant($"{result.Name} {result.Value:0.###}")));
        if (warn is null) throw new GateException($"{string.Join("; ", failed.Select(result => result.ToString()))}; {advice(failed[0])}.");
        foreach (GateResult result in failed) warn(result);
        return $"not passed: {string.Join(", ", failed.Select(result => result.Name))}";
    }

    /// <summary>The result in words.</summary>
    public override string ToString() => Found ?? string.Create(CultureInfo.InvariantCulture,
        $"{Name} is {(double.IsNaN(Value) ? "not known" : $"{Value:0.###}")} on {Count} held out, "
        + $"and must be {(IsLeast ? "at least" : "at most")} {Limit:0.###}");
}
