namespace SafeRlhfV.Models;

/// <summary>What came out of all cases of a folder.</summary>
/// <param name="Folder">The checkpoint or adapter folder.</param>
/// <param name="Cases">One entry a case, in order of name.</param>
public sealed record ParityReport(string Folder, IReadOnlyList<ParityCaseResult> Cases)
{
    /// <summary>No case that was run is over its tolerance, and at least one was run.</summary>
    public bool Passed => Cases.Any(result => result.Skipped is null) && Cases.All(result => result.Skipped is not null || result.Passed);
}
