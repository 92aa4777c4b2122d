using Microsoft.Extensions.Logging;

namespace SafeRlhfV.Guard;

/// <summary>The lines that the guard writes into a log: names, numbers and reasons, never what was asked or answered.</summary>
internal static partial class GuardLog
{
    public static void Decided(ILogger log, string request, GuardDecision decision)
    {
        if (decision.Verdict.Failure is not null || !decision.Verdict.IsUnsafe || !log.IsEnabled(LogLevel.Information)) return;
        Flagged(log, request, decision.Side, decision.Action, decision.Verdict.Severity, string.Join(", ", decision.Verdict.Flagged), decision.PolicyVersion);
    }

    [LoggerMessage(1, LogLevel.Information, "Request {Request}: {Side} judged {Severity} ({Categories}); action {Action} by policy {Policy}.",
        EventName = "GuardFlagged")]
    private static partial void Flagged(ILogger log, string request, GuardSide side, GuardAction action, Severity severity, string categories, string policy);

    [LoggerMessage(2, LogLevel.Error, "Request {Request} is refused: a moderator does not judge ({Failure}).", EventName = "GuardModeratorFailed")]
    public static partial void ModeratorFailed(ILogger log, string request, string failure);

    [LoggerMessage(3, LogLevel.Error, "Request {Request} is refused: the observer does not record ({Kind}).", EventName = "GuardObserverFailed")]
    public static partial void ObserverFailed(ILogger log, string request, string kind);
}
