using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway;

/// <summary>Who is signed in to the dashboard, by a cookie that scripts and other sites cannot use.</summary>
internal interface IDashboardSessions
{
    void Begin(HttpContext http, ApiKey key);

    ValueTask EndAsync(HttpContext http);

    /// <summary>The key that the caller signed in with; null where he has not, or the session or the key has ended.</summary>
    ValueTask<ApiKey?> FindAsync(HttpContext http);
}
