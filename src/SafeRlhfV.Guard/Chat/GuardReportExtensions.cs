using Microsoft.Extensions.AI;

namespace SafeRlhfV.Guard;

/// <summary>Finds the guard's report on what a <see cref="GuardedChatClient"/> returned.</summary>
public static class GuardReportExtensions
{
    /// <summary>The <see cref="ErrorContent.ErrorCode"/> of a refusal, the guard's or the model's own: the one that other clients give a refusal too.</summary>
    public const string RefusalCode = "Refusal";

    internal const string Key = "SafeRlhfV.Guard.Report";

    /// <summary>The report of a response, or null where no guard made it.</summary>
    public static GuardReport? GetGuardReport(this ChatResponse response) => response.AdditionalProperties?.GetValueOrDefault(Key) as GuardReport;

    /// <summary>The report of a stream, which its last update carries; null on all others.</summary>
    public static GuardReport? GetGuardReport(this ChatResponseUpdate update) => update.AdditionalProperties?.GetValueOrDefault(Key) as GuardReport;

    /// <summary>The refusal in a response, or null where there is none.</summary>
    public static string? GetRefusal(this ChatResponse response) =>
        Joined(response.Messages.SelectMany(message => message.Contents));

    /// <summary>The refusal in an update, or null where there is none.</summary>
    public static string? GetRefusal(this ChatResponseUpdate update) => Joined(update.Contents);

    private static string? Joined(IEnumerable<AIContent> contents)
    {
        string[] refusals = [.. contents.OfType<ErrorContent>().Where(error => error.ErrorCode == RefusalCode).Select(error => error.Message)];
        return refusals.Length == 0 ? null : string.Concat(refusals);
    }
}
