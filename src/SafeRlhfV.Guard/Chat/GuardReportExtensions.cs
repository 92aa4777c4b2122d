using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>Finds the guard's report on what a <see cref="GuardedChatClient"/> returned.</summary>
public static class GuardReportExtensions
{
    internal const string Key = "SafeRlhfV.Guard.Report";

    /// <summary>The report of a response, or null where no guard made it.</summary>
    public static GuardReport? GetGuardReport(this ChatResponse response) => response.AdditionalProperties?.GetValueOrDefault(Key) as GuardReport;

    /// <summary>The report of a stream, which its last update carries; null on all others.</summary>
    public static GuardReport? GetGuardReport(this ChatResponseUpdate update) => update.AdditionalProperties?.GetValueOrDefault(Key) as GuardReport;
}
