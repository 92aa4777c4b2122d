using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway;

/// <summary>Who is signed in to the dashboard: a random token in a cookie that scripts and other sites cannot use.</summary>
internal sealed class DashboardSessions(TimeProvider clock)
{
    private const string Cookie = "guard_dashboard";
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(8);
    private readonly ConcurrentDictionary<string, (ApiKey Key, DateTimeOffset Ends)> _sessions = [];

    public void Begin(HttpContext http, ApiKey key)
    {
        DateTimeOffset now = clock.GetUtcNow();
        foreach ((string old, (_, DateTimeOffset ends)) in _sessions)
            if (ends < now) _sessions.TryRemove(old, out _);
        string token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        _sessions[token] = (key, now + Lifetime);
        http.Response.Cookies.Append(Cookie, token,
            new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = http.Request.IsHttps, Path = "/dashboard", MaxAge = Lifetime });
    }

    public void End(HttpContext http)
    {
        if (http.Request.Cookies[Cookie] is { } token) _sessions.TryRemove(token, out _);
        http.Response.Cookies.Delete(Cookie, new CookieOptions { Path = "/dashboard" });
    }

    public ApiKey? Find(HttpContext http) =>
        http.Request.Cookies[Cookie] is { } token && _sessions.TryGetValue(token, out (ApiKey Key, DateTimeOffset Ends) session)
            && session.Ends > clock.GetUtcNow() && !session.Key.IsExpired
            ? session.Key
            : null;
}
