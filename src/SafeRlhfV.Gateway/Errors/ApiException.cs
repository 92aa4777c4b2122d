using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway;

/// <summary>An error for the caller.</summary>
internal sealed class ApiException(int status, string type, string message, string? code = null, string? param = null) : Exception(message)
{
    public int Status { get; } = status;

    public string? Code { get; } = code;

    /// <summary>How long the caller should wait before trying again; null where waiting does not help.</summary>
    public TimeSpan? RetryAfter { get; init; }

    public static ApiException Invalid(string message, string? param = null, string? code = null) =>
        new(StatusCodes.Status400BadRequest, "invalid_request_error", message, code, param);

    /// <summary>The error for an answer that may not leave because it cannot be recorded.</summary>
    public static ApiException Unrecorded() =>
        new(StatusCodes.Status503ServiceUnavailable, "server_error", "The audit trail is not available at present; nothing leaves unrecorded.",
            "audit_unavailable")
        { RetryAfter = TimeSpan.FromSeconds(1) };

    /// <summary>The error for content that was not judged, since a moderator failed: no refusal, and another try may pass.</summary>
    public static ApiException Unchecked() =>
        new(StatusCodes.Status503ServiceUnavailable, "server_error", "The check could not be made; treat the content as unsafe.", "moderator_failed")
        { RetryAfter = TimeSpan.FromSeconds(1) };

    /// <summary>The error for content that no moderator here can judge.</summary>
    public static ApiException Unjudged(string what, string place, string? param = null) =>
        Invalid($"{place}: {what} cannot be judged, and so cannot be sent.", param ?? place, "unsupported_content");

    /// <summary>A caller's own text, cut so that a message stays short.</summary>
    public static string Short(string text, int most = 50) => text.Length > most ? text[..most] : text;

    /// <summary>The name of the request that failed, where it is known.</summary>
    public string? RequestId { get; set; }

    /// <summary>The error in OpenAI's shape.</summary>
    public JsonObject ToJson()
    {
        JsonObject json = new() { ["error"] = new JsonObject { ["message"] = Message, ["type"] = type, ["param"] = param, ["code"] = Code } };
        if (RequestId is not null) json["request_id"] = RequestId;
        return json;
    }
}
