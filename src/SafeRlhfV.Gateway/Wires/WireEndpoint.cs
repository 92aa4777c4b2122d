using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Answers the requests of one wire, streamed or not: the guarded call is the same for all.</summary>
internal sealed class WireEndpoint(IWire wire, ModelTable models, GatewayMetrics metrics, TimeProvider clock, ILogger<WireEndpoint> log)
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    public async Task InvokeAsync(HttpContext http)
    {
        ApiKey key = ApiKey.Of(http);
        CancellationToken cancellationToken = http.RequestAborted;
        JsonObject body = await ChatRequestReader.ReadObjectAsync(http.Request, cancellationToken);
        if (http.Items[WebFront.Deployment] is string deployment) body["model"] = deployment;
        IChatClient client = models.Find(JsonText.Required(body["model"], "model"), key);
        IWireAnswer answer = await wire.ReadAsync(body, key, cancellationToken);
        http.Response.Headers["x-guard-request-id"] = answer.Call.RequestId;
        answer.Call.ClientRequest = http.TraceIdentifier;
        if (ActivityContext.TryParse(http.Request.Headers.TraceParent, null, out ActivityContext trace)) answer.Call.TraceId = trace.TraceId.ToHexString();
        try
        {
            if (answer.Call.IsStream) await StreamAsync(http, client, answer);
            else await WholeAsync(http, client, answer);
        }
        finally
        {
            await key.ChargeAsync(answer.Call.Tokens);
        }
    }

    private async Task WholeAsync(HttpContext http, IChatClient client, IWireAnswer answer)
    {
        ChatResponse response = await client.GetResponseAsync(answer.Call.Messages, answer.Call.ToOptions(), http.RequestAborted);
        if (response.GetGuardReport() is { } report)
        {
            metrics.Ended(report);
            ThrowIfUnanswered(report, http.RequestAborted);
            http.Response.Headers["x-guard-outcome"] = report.Outcome.ToString();
        }
        byte[] body = answer.Whole(response);
        await answer.KeepAsync(http.RequestAborted);
        await JsonReply.WriteAsync(http, body);
    }

    // Until the first text has passed nothing is sent, so that an error still has its own status; but a client that waits long is
    // sent a sign of life.
    private async Task StreamAsync(HttpContext http, IChatClient client, IWireAnswer answer)
    {
        CancellationToken cancellationToken = http.RequestAborted;
        try
        {
            await using StreamPace<ChatResponseUpdate> updates =
                new(client.GetStreamingResponseAsync(answer.Call.Messages, answer.Call.ToOptions(), cancellationToken), Silence, clock, cancellationToken);
            while (await updates.NextAsync() is { } step)
            {
                if (step.Value is { } update && update.GetGuardReport() is { } report)
                {
                    metrics.Ended(report);
                    ThrowIfUnanswered(report, cancellationToken);
                }
                if (!http.Response.HasStarted)
                {
                    http.Response.ContentType = "text/event-stream";
                    http.Response.Headers.CacheControl = "no-cache";
                    await WriteAsync(http, answer.Begin());
                }
                await WriteAsync(http, step.Value is null ? [answer.KeepAlive] : answer.Write(step.Value));
            }
            WireEvent[] end = [.. answer.End()];
            await answer.KeepAsync(cancellationToken);
            await WriteAsync(http, end);
        }
        catch (Exception error) when (http.Response.HasStarted && !cancellationToken.IsCancellationRequested)
        {
            ApiException known = ErrorMiddleware.Known(error, log);
            known.RequestId = http.TraceIdentifier;
            await WriteAsync(http, answer.Fail(known));
        }
    }

    private static async Task WriteAsync(HttpContext http, IEnumerable<WireEvent> events)
    {
        foreach (WireEvent one in events) await JsonReply.WriteEventAsync(http, one);
    }

    // A program must be able to tell "not now" from a refusal for what was said.
    private static void ThrowIfUnanswered(GuardReport report, CancellationToken cancellationToken)
    {
        if (!report.IsUnrecorded && (report.ModeratorFailure is null || report.Outcome == GuardOutcome.Passed)) return;
        cancellationToken.ThrowIfCancellationRequested(); // who left is told nothing
        throw report.IsUnrecorded ? ApiException.Unrecorded() : ApiException.Unchecked();
    }
}
