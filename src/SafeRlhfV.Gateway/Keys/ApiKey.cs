using Microsoft.AspNetCore.Http;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>A key that was presented and is valid, with its meters.</summary>
internal sealed class ApiKey(KeySettings settings, IRateMeter? requests, IRateMeter? tokens, TimeProvider clock)
{
    /// <summary>The key of a request that was let in.</summary>
    public static ApiKey Of(HttpContext http) => (ApiKey)http.Items[typeof(ApiKey)]!;

    /// <summary>The SHA-256 that it is known by.</summary>
    public string Hash => settings.Hash;

    public string Name => settings.Name;

    public bool IsOperator => settings.Role == "operator";

    public bool IsExpired => settings.Expires is { } end && clock.GetUtcNow() >= end;

    public bool MayUse(string model) => settings.Models.Count == 0 || settings.Models.Contains(model);

    public GuardContext ContextFor(string route) => new(settings.Name, settings.Role, route);

    /// <summary>Counts a request against the limits.</summary>
    /// <exception cref="ApiException">A limit is reached (429).</exception>
    public async ValueTask AdmitAsync()
    {
        if (requests is not null && await requests.TakeOneAsync() is { } wait) throw Limited("requests", settings.RequestsPerMinute!.Value, wait);
        if (tokens is not null && await tokens.WaitForAnyAsync() is { } longer) throw Limited("tokens", settings.TokensPerMinute!.Value, longer);
    }

    public ValueTask ChargeAsync(long used) => tokens?.ChargeAsync(used) ?? default;

    private static ApiException Limited(string what, int limit, TimeSpan wait) =>
        new(429, "rate_limit_error", $"The limit of {limit} {what} a minute is reached; try again in {Math.Ceiling(wait.TotalSeconds)} s.",
            "rate_limit_exceeded")
        { RetryAfter = wait };
}
