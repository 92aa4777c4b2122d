using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary><c>POST /v1/chat/completions</c>, streamed or not.</summary>
internal sealed class ChatEndpoint(ChatRequestReader reader, ModelTable models, GatewayMetrics metrics, ILogger<ChatEndpoint> log)
{
    public async Task InvokeAsync(HttpContext http)
    {
        ApiKey key = (ApiKey)http.Items[typeof(ApiKey)]!;
        CancellationToken cancellationToken = http.RequestAborted;
        JsonObject body = await ChatRequestReader.ReadObjectAsync(http.Request, cancellationToken);
        IChatClient client = models.Find(ChatRequestReader.Text(body["model"], "model"), key);
        ChatCall call = await reader.ReadAsync(body, key, cancellationToken);
        try
        {
            if (call.IsStream) await StreamAsync(http, client, call);
            else await WholeAsync(http, client, call);
        }
        finally
        {
            await key.ChargeAsync(call.Tokens);
        }
    }

    private async Task WholeAsync(HttpContext http, IChatClient client, ChatCall call)
    {
        ChatResponse response = await client.GetResponseAsync(call.Messages, call.ToOptions(), http.RequestAborted);
        if (response.GetGuardReport() is { } report)
        {
            metrics.Ended(report);
            ThrowIfUnrecorded(report, http.RequestAborted);
            http.Response.Headers["x-guard-request-id"] = report.Id;
            http.Response.Headers["x-guard-outcome"] = report.Outcome.ToString();
        }
        await JsonReply.WriteAsync(http, CompletionWriter.Whole(response, call));
    }

    // Nothing is sent before the first text has passed, so that until then an error still has its own status.
    private async Task StreamAsync(HttpContext http, IChatClient client, ChatCall call)
    {
        CancellationToken cancellationToken = http.RequestAborted;
        ChunkWriter chunks = new(call);
        UsageDetails? usage = null;
        http.Response.Headers["x-guard-request-id"] = call.RequestId;
        try
        {
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(call.Messages, call.ToOptions(), cancellationToken))
            {
                if (update.GetGuardReport() is { } report)
                {
                    metrics.Ended(report);
                    ThrowIfUnrecorded(report, cancellationToken);
                }
                if (!http.Response.HasStarted)
                {
                    http.Response.ContentType = "text/event-stream";
                    http.Response.Headers.CacheControl = "no-cache";
                }
                usage = update.Contents.OfType<UsageContent>().LastOrDefault()?.Details ?? usage;
                foreach (JsonObject chunk in chunks.Write(update)) await JsonReply.WriteEventAsync(http, chunk);
            }
            if (call.WantsUsage && usage is not null) await JsonReply.WriteEventAsync(http, chunks.UsageChunk(usage));
            await http.Response.WriteAsync("data: [DONE]\n\n", cancellationToken);
        }
        catch (Exception error) when (http.Response.HasStarted && !cancellationToken.IsCancellationRequested)
        {
            await JsonReply.WriteEventAsync(http, ErrorMiddleware.Known(error, log).ToJson());
        }
    }

    // A program must be able to tell "not now" from a refusal for what was said.
    private static void ThrowIfUnrecorded(GuardReport report, CancellationToken cancellationToken)
    {
        if (!report.IsUnrecorded) return;
        cancellationToken.ThrowIfCancellationRequested(); // who left is told nothing
        throw ApiException.Unrecorded();
    }
}
