using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway;

/// <summary>The sessions of a gateway that stands alone: the cookie is a random token, and who it stands for is known here.</summary>
internal sealed class DashboardSessions(KeyRing keys, TimeProvider clock) : IDashboardSessions
{
    private readonly ConcurrentDictionary<string, (ApiKey Key, DateTimeOffset Ends)> sessions = [];

    public void Begin(HttpContext http, ApiKey key)
    {
        DateTimeOffset now = clock.GetUtcNow();
        foreach ((string old, (_, DateTimeOffset ends)) in sessions)
            if (ends < now) sessions.TryRemove(old, out _);
        string token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        sessions[token] = (key, now + DashboardCookie.Lifetime);
        DashboardCookie.Write(http, token);
    }

    public ValueTask EndAsync(HttpContext http)
    {
        if (DashboardCookie.Read(http) is { } token) sessions.TryRemove(token, out _);
        DashboardCookie.Delete(http);
        return default;
    }

    public ValueTask<ApiKey?> FindAsync(HttpContext http) => new(
        DashboardCookie.Read(http) is { } token && sessions.TryGetValue(token, out (ApiKey Key, DateTimeOffset Ends) session)
            && session.Ends > clock.GetUtcNow() && keys.OfHash(session.Key.Hash) is { IsExpired: false, IsOperator: true } inForce
            ? inForce // a key that was revoked or changed takes its sessions with it
            : null);
}
