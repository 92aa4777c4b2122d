using Microsoft.Extensions.Logging;

namespace SafeRlhfV.Gateway;

/// <summary>Tells the operator which upstream fails and how: in a line every ten seconds at most for each, never with what was asked or answered.</summary>
internal sealed partial class UpstreamLog(ILogger<UpstreamLog> log, TimeProvider clock)
{
    private readonly LogPace pace = new(clock);

    public void Tell(string upstream, UpstreamException error)
    {
        // what is wrong with a request is the caller's matter
        if (error.Status is 400 or 404 or 413 or 422) return;
        bool isKey = error.UpstreamStatus is 401 or 403;
        if (!pace.IsDue($"{upstream}/{error.UpstreamStatus}")) return;
        if (isKey) LogKey(upstream, error.UpstreamStatus!.Value);
        else LogFailure(upstream, error.InnerException is InvalidInputException { IsModelBroken: true } broken ? broken.Message : error.Message,
            error.UpstreamStatus is { } status ? $" It answered with status {status}." : "");
    }

    [LoggerMessage(LogLevel.Error, "The upstream '{Upstream}' refuses the gateway's key (status {Status}).")]
    private partial void LogKey(string upstream, int status);

    [LoggerMessage(LogLevel.Warning, "The upstream '{Upstream}' fails: {Fault}{Status}")]
    private partial void LogFailure(string upstream, string fault, string status);
}
