using System.Data.Common;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace SafeRlhfV.Gateway;

/// <summary>Turns every error into the shape of the wire: OpenAI's, or Anthropic's. What was asked or answered is never logged.</summary>
internal sealed partial class ErrorMiddleware(RequestDelegate next, GatewaySettings settings, ILogger<ErrorMiddleware> log, TrailEvents? events = null)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (!context.Response.HasStarted && context.Response.StatusCode is 404 or 405 && context.Response.ContentLength is null
                && context.Response.ContentType is null)
                await WriteAsync(context, Unmapped(context), allowed: context.Response.Headers.Allow);
        }
        catch (Exception error) when (HasLeft(context, error))
        {
            // the caller has gone
        }
        catch (Exception error)
        {
            ApiException known = error is BadHttpRequestException { StatusCode: 413 } ? TooLarge() : Known(error, log);
            if (error is not UpstreamException) events?.Refused(context, known); // what an upstream fails at the guard has recorded
            if (context.Response.HasStarted) context.Abort(); // what has left cannot be mended: the caller must not take it for whole
            else await WriteAsync(context, known, mayGoOn: error is not BadHttpRequestException);
        }
    }

    // A caller who goes away while his request is read shows as a broken connection, before the request counts as aborted.
    private static bool HasLeft(HttpContext context, Exception error) =>
        error is ConnectionResetException or ConnectionAbortedException
        || (context.RequestAborted.IsCancellationRequested && error is OperationCanceledException or IOException);

    /// <summary>The error that the caller is told; a defect is logged.</summary>
    public static ApiException Known(Exception error, ILogger log)
    {
        ApiException known = Known(error);
        if (known.Status == StatusCodes.Status500InternalServerError) LogDefect(log, error.GetType().Name, error.StackTrace ?? "");
        return known;
    }

    private static ApiException Known(Exception error) => error switch
    {
        ApiException api => api,
        UpstreamException upstream => upstream.ToApi(),
        BadHttpRequestException bad => new(bad.StatusCode is >= 400 and < 500 ? bad.StatusCode : 400, "invalid_request_error", "The request cannot be read."),
        DbException or TimeoutException => ApiException.Unrecorded(),
        _ => new(StatusCodes.Status500InternalServerError, "server_error", "The gateway has failed.", "internal_error"),
    };

    public static async Task WriteAsync(HttpContext context, ApiException error, bool mayGoOn = true, StringValues allowed = default)
    {
        context.Response.Clear();
        RequestIds.Return(context);
        context.Response.StatusCode = error.Status;
        if (error.RetryAfter is { } wait) context.Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString();
        if (!mayGoOn) context.Response.Headers.Connection = "close"; // what follows on the connection is no request
        if (allowed.Count > 0) context.Response.Headers.Allow = allowed; // a 405 must say what is
        if (error.Status == 401) context.Response.Headers.WWWAuthenticate = "Bearer";
        error.RequestId = context.TraceIdentifier;
        await JsonReply.WriteAsync(context, MessagesErrors.IsFor(context.Request.Path) ? MessagesErrors.Of(error) : error.ToJson());
    }

    private ApiException TooLarge() => new(413, "invalid_request_error",
        $"The request is larger than {settings.Limits.BodyBytes} bytes, the most that is taken here (limits.body_bytes).", "request_too_large");

    private static ApiException Unmapped(HttpContext context) => context.Response.StatusCode == 405
        ? new(405, "invalid_request_error", $"{context.Request.Method} is not supported here.", "method_not_allowed")
        : new(404, "invalid_request_error", "There is nothing at this address.", "unknown_url");

    [LoggerMessage(LogLevel.Error, "A defect: {Kind}\n{Stack}")]
    private static partial void LogDefect(ILogger log, string kind, string stack);
}
