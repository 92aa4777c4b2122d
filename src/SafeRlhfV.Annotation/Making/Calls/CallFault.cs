using System.ClientModel;
using System.ClientModel.Primitives;
using System.Globalization;
using System.Text.Json;

namespace SafeRlhfV.Annotation;

/// <summary>What went wrong with one attempt, and what to do about it.</summary>
/// <param name="Kind">A word for the audit: rate_limited, server_error, timeout, silent, cut_off, garbled, unreachable, refused, denied, spent.</param>
/// <param name="What">What happened, on one line, as the service says it: to be redacted before it is shown.</param>
/// <param name="Status">The HTTP status; null where there was none.</param>
/// <param name="MayRetry">Whether trying again may help.</param>
/// <param name="IsFatal">Whether all further calls to the service would fail alike.</param>
/// <param name="RetryAfter">How long the service asks to be left alone.</param>
internal sealed record CallFault(string Kind, string What, int? Status, bool MayRetry, bool IsFatal = false, TimeSpan? RetryAfter = null)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    public static CallFault Of(Exception error, DateTimeOffset now)
    {
        for (Exception? inner = error; inner is not null; inner = inner.InnerException)
            if (inner is ClientResultException { Status: > 0 } answered) return Answered(answered, now);
        for (Exception? inner = error; inner is not null; inner = inner.InnerException)
            switch (inner)
            {
                case HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError }:
                    return new("unreachable", OneLine(inner), null, MayRetry: true);
                case HttpRequestException or IOException or System.Net.Sockets.SocketException:
                    return new("cut_off", OneLine(inner), null, MayRetry: true);
                case JsonException or FormatException or KeyNotFoundException or InvalidOperationException or ArgumentException or NotSupportedException or NullReferenceException or InvalidCastException:
                    return new("garbled", $"the answer cannot be read ({OneLine(inner)})", 200, MayRetry: true);
            }
        return new("cut_off", OneLine(error), null, MayRetry: true);
    }

    private static CallFault Answered(ClientResultException error, DateTimeOffset now)
    {
        PipelineResponse? response = error.GetRawResponse();
        string what = OneLine(error);
        TimeSpan? wait = response is null ? null : RetryAfterOf(response.Headers, now);
        return error.Status switch
        {
            429 when what.Contains("insufficient_quota", StringComparison.OrdinalIgnoreCase) => new("spent", what, 429, false, IsFatal: true),
            429 => new("rate_limited", what, 429, true, false, wait),
            401 or 403 or 404 => new("denied", what, error.Status, false, IsFatal: true),
            408 or 409 or 425 => new("server_error", what, error.Status, true, false, wait),
            >= 500 => new("server_error", what, error.Status, true, false, wait),
            >= 200 and < 300 => new("garbled", what, error.Status, true),
            _ => new("refused", what, error.Status, false),
        };
    }

    /// <summary>The wait that the headers ask for: retry-after-ms, or Retry-After in seconds or as a date.</summary>
    private static TimeSpan? RetryAfterOf(PipelineResponseHeaders headers, DateTimeOffset now)
    {
        TimeSpan? wait = null;
        if (headers.TryGetValue("retry-after-ms", out string? milliseconds) && double.TryParse(milliseconds, CultureInfo.InvariantCulture, out double ms) && double.IsFinite(ms)) wait = TimeSpan.FromMilliseconds(Math.Clamp(ms, 0, 1e9));
        else if (headers.TryGetValue("Retry-After", out string? text))
        {
            if (double.TryParse(text, CultureInfo.InvariantCulture, out double seconds) && double.IsFinite(seconds)) wait = TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 1e6));
            else if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date)) wait = date - now;
        }
        return wait is null ? null : wait < TimeSpan.Zero ? TimeSpan.Zero : wait > LongestWait ? LongestWait : wait;
    }

    private static string OneLine(Exception error) => string.Join(' ', error.Message.Split((char[])['\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
