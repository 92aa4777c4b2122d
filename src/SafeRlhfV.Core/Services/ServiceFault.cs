using System.Globalization;
using System.Text.Json;

namespace SafeRlhfV.Core;

/// <summary>What went wrong with one call to a service, and what to do about it.</summary>
/// <param name="Kind">A word for logs: rate_limited, server_error, timeout, silent, cut_off, garbled, unreachable, refused, denied, spent.</param>
/// <param name="What">What happened, on one line, as the service says it: keys are to be removed before it is shown.</param>
/// <param name="Status">The HTTP status; null where there was none.</param>
/// <param name="MayRetry">Whether trying again may help.</param>
/// <param name="IsFatal">Whether all further calls to the service would fail alike.</param>
/// <param name="RetryAfter">How long the service asks to be left alone.</param>
public sealed record ServiceFault(string Kind, string What, int? Status, bool MayRetry, bool IsFatal = false, TimeSpan? RetryAfter = null)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    /// <summary>What a status means.</summary>
    public static ServiceFault OfStatus(int status, string what, TimeSpan? retryAfter) => status switch
    {
        429 when what.Contains("insufficient_quota", StringComparison.OrdinalIgnoreCase) => new("spent", what, 429, false, IsFatal: true),
        429 => new("rate_limited", what, 429, true, false, retryAfter),
        401 or 403 or 404 => new("denied", what, status, false, IsFatal: true),
        408 or 409 or 425 or >= 500 => new("server_error", what, status, true, false, retryAfter),
        >= 200 and < 300 => new("garbled", what, status, true),
        _ => new("refused", what, status, false),
    };

    /// <summary>What an exception means that carries no status.</summary>
    public static ServiceFault OfException(Exception error)
    {
        for (Exception? inner = error; inner is not null; inner = inner.InnerException)
            switch (inner)
            {
                case HttpRequestException
                {
                    HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                    or HttpRequestError.SecureConnectionError
                }:
                    return new("unreachable", OneLine(inner.Message), null, MayRetry: true);
                case HttpRequestException or IOException or System.Net.Sockets.SocketException:
                    return new("cut_off", OneLine(inner.Message), null, MayRetry: true);
                case JsonException or FormatException or KeyNotFoundException or InvalidOperationException or ArgumentException or NotSupportedException
                    or NullReferenceException or InvalidCastException:
                    return new("garbled", $"the answer cannot be read ({OneLine(inner.Message)})", 200, MayRetry: true);
            }
        return new("cut_off", OneLine(error.Message), null, MayRetry: true);
    }

    /// <summary>The wait that headers ask for: retry-after-ms, or Retry-After in seconds or as a date; at most an hour, null where they ask for none.</summary>
    /// <param name="header">The value of a header; null where it is missing.</param>
    /// <param name="now">The present time, for dates.</param>
    public static TimeSpan? WaitOf(Func<string, string?> header, DateTimeOffset now)
    {
        TimeSpan? wait = null;
        if (header("retry-after-ms") is { } milliseconds && double.TryParse(milliseconds, CultureInfo.InvariantCulture, out double ms) && double.IsFinite(ms))
            wait = TimeSpan.FromMilliseconds(Math.Clamp(ms, 0, 1e9));
        else if (header("Retry-After") is { } text)
        {
            if (double.TryParse(text, CultureInfo.InvariantCulture, out double seconds) && double.IsFinite(seconds))
                wait = TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 1e6));
            else if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset date)) wait = date - now;
        }
        return wait is null ? null : wait < TimeSpan.Zero ? TimeSpan.Zero : wait > LongestWait ? LongestWait : wait;
    }

    /// <summary>A message on one line.</summary>
    public static string OneLine(string message) => string.Join(' ',
        message.Split((char[])['\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}
