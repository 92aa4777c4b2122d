namespace SafeRlhfV.Models;

/// <summary>What came out of one case.</summary>
/// <param name="Case">Name of the case's file, without extension.</param>
/// <param name="Kind">What it checks: forward, loss, greedy, ...</param>
/// <param name="Checks">One entry a quantity; empty if it was skipped.</param>
/// <param name="Skipped">Why it was not run; null if it was.</param>
public sealed record ParityCaseResult(string Case, string Kind, IReadOnlyList<ParityCheck> Checks, string? Skipped = null)
{
    /// <summary>Run, and every check within its tolerance.</summary>
    public bool Passed => Skipped is null && Checks.Count > 0 && Checks.All(check => check.Passed);

    /// <summary>The check that comes nearest to its tolerance, or is furthest over it; null if nothing was compared.</summary>
    public ParityCheck? Worst => Checks.MaxBy(check =>
        check.Tolerance > 0 ? check.Difference / check.Tolerance : check.Difference > 0 ? double.PositiveInfinity : 0);
}
