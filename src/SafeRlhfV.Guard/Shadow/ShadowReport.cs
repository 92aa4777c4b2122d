namespace SafeRlhfV.Guard;

/// <summary>What a shadow policy would have decided about one request.</summary>
/// <param name="Report">What was decided.</param>
/// <param name="PolicyVersion">The shadow policy.</param>
/// <param name="Decisions">The prompt's decision where it was checked, then one for each drafted answer.</param>
public sealed record ShadowReport(GuardReport Report, string PolicyVersion, IReadOnlyList<ShadowDecision> Decisions)
{
    /// <summary>Whether another action was asked for anywhere.</summary>
    public bool Differs => Decisions.Any(decision => decision.Differs);
}
