using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SafeRlhfV.Audit;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Records what happens beside the decisions: start and stop, other keys and policies, requests that are refused before the guard sees them, and callers who
/// are not known. What cannot be recorded here is told to the operator; nothing waits for it.
/// </summary>
internal sealed partial class TrailEvents(
    AuditTrail trail, GatewaySettings settings, IModerator moderator, Func<GuardPolicy> policy, ILogger<TrailEvents> log, TimeProvider clock)
    : BackgroundService
{
    private static readonly TimeSpan Again = TimeSpan.FromSeconds(5), Quiet = TimeSpan.FromSeconds(1);
    private readonly Lock gate = new();
    private long? denied;
    private int unknown;
    private IReadOnlyList<KeyValuePair<string, object?>> lastUnknown = [];
    private string lastRequest = "";
    private Task late = Task.CompletedTask;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await TellUnknownAsync();
        await TryAsync("stop", "", []);
    }

    public void KeysChanged(IReadOnlyList<string> set, IReadOnlyList<string> removed) =>
        _ = TryAsync("keys", "", [new("set", string.Join(", ", set)), new("removed", string.Join(", ", removed))]);

    public void PolicyChanged(PolicyFile file) =>
        _ = TryAsync("policy", "", file.LastFault is { } fault ? [new("policy", file.Current.Version), new("fault", fault)]
            : [new("policy", file.Current.Version)]);

    /// <summary>The database of several gateways holds another version of the keys or of the policy.</summary>
    public void SharedChanged(string what, long version) => _ = TryAsync(what, "", [new("version", version), new("policy", policy().Version)]);

    /// <summary>
    /// A request failed before the guard saw it. Of unknown callers there is a record a second at most, which says how many there were; the last of them are
    /// told when the second is over.
    /// </summary>
    public void Refused(HttpContext http, ApiException error)
    {
        if (error.Status is < 400 or >= 500 or 429) return;
        string? user = (http.Items[typeof(ApiKey)] as ApiKey)?.Name;
        bool isUnknown = error.Status is 401 or 403;
        if (!isUnknown && user is null) return; // nobody's request for nothing that is here
        KeyValuePair<string, object?>[] facts =
        [
            new("user", user), new("path", http.Request.Path.Value), new("status", error.Status), new("code", error.Code),
            new("address", http.Connection.RemoteIpAddress?.ToString()),
        ];
        if (!isUnknown)
        {
            _ = TryAsync("refused", http.TraceIdentifier, [.. facts, new("count", 1L)]);
            return;
        }
        lock (gate)
        {
            unknown++;
            (lastUnknown, lastRequest) = (facts, http.TraceIdentifier);
            if (denied is { } before && clock.GetElapsedTime(before) < Quiet)
            {
                if (late.IsCompleted) late = TellLaterAsync();
                return;
            }
        }
        _ = TellUnknownAsync();
    }

    private async Task TellLaterAsync()
    {
        await Task.Delay(Quiet, clock).ConfigureAwait(false);
        await TellUnknownAsync().ConfigureAwait(false);
    }

    private Task TellUnknownAsync()
    {
        long count;
        lock (gate)
        {
            if (unknown == 0) return Task.CompletedTask;
            (denied, count, unknown) = (clock.GetTimestamp(), unknown, 0);
        }
        return TryAsync("denied", lastRequest, [.. lastUnknown, new("count", count)]);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        KeyValuePair<string, object?>[] members =
        [
            new("version", typeof(TrailEvents).Assembly.GetName().Version?.ToString()),
            new("policy", policy().Version),
            new("moderators", moderator.Name),
            new("models", string.Join(", ", settings.Models.Select(model => model.Name))),
            new("upstreams", string.Join(", ", settings.Upstreams.Select(upstream => upstream.Name))),
            new("keys", string.Join(", ", settings.Keys.Select(key => key.Name))),
            new("texts", settings.Audit.Texts.ToString()),
            new("images", settings.Audit.Images.ToString()),
        ];
        while (!await TryAsync("start", "", members)) await Task.Delay(Again, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task<bool> TryAsync(string kind, string request, IReadOnlyList<KeyValuePair<string, object?>> members)
    {
        try
        {
            await trail.RecordAsync(kind, request, members);
            return true;
        }
        catch (Exception error)
        {
            LogFailure(kind, error.GetType().Name, error.Message);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Error, "A record of the kind {RecordKind} could not be written ({Kind}: {Fault}).")]
    private partial void LogFailure(string recordKind, string kind, string fault);
}
