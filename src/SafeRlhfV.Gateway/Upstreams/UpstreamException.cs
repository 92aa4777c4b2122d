namespace SafeRlhfV.Gateway;

/// <summary>An upstream failed, or refused the request.</summary>
internal sealed class UpstreamException(int status, string message, bool mayFallBack, string? code = null, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The status that the caller is told.</summary>
    public int Status => status;

    /// <summary>The status that the service answered with, where it answered.</summary>
    public int? UpstreamStatus { get; init; }

    /// <summary>Whether another upstream may answer where this one failed.</summary>
    public bool MayFallBack { get; } = mayFallBack;

    public static UpstreamException Garbled(string what, Exception? inner = null) =>
        new(502, $"The model's answer cannot be read: {what}.", true, "upstream_garbled", inner);

    /// <summary>The service said within its answer that it has failed.</summary>
    public static UpstreamException FailedWithin() => new(502, "The model has failed while answering.", true);

    public ApiException ToApi() => new(
        status,
        status is >= 400 and < 500 and not 429 ? "invalid_request_error" : status == 429 ? "rate_limit_error" : "upstream_error",
        Message,
        code ?? "upstream_failed")
    { RetryAfter = status is 429 or 503 ? TimeSpan.FromSeconds(5) : null };
}
