using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway;

/// <summary>Errors in Anthropic's shape.</summary>
internal static class MessagesErrors
{
    /// <summary>The header that names a request.</summary>
    public const string RequestIdHeader = "request-id";

    /// <summary>Whether a path speaks Anthropic's interface.</summary>
    public static bool IsFor(PathString path) => path.StartsWithSegments("/v1/messages");

    public static JsonObject Of(ApiException error) => new()
    {
        ["type"] = "error",
        ["error"] = new JsonObject { ["type"] = Kind(error.Status), ["message"] = error.Message },
        ["request_id"] = error.RequestId,
    };

    private static string Kind(int status) => status switch
    {
        401 => "authentication_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        504 => "timeout_error",
        >= 500 => "api_error",
        _ => "invalid_request_error",
    };
}
