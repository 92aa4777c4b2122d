using Microsoft.AspNetCore.Http;

namespace SafeRlhfV.Gateway;

/// <summary>The dashboard's cookie.</summary>
internal static class DashboardCookie
{
    private const string Name = "guard_dashboard", Path = "/dashboard";

    public static TimeSpan Lifetime { get; } = TimeSpan.FromHours(8);

    public static string? Read(HttpContext http) => http.Request.Cookies[Name];

    public static void Write(HttpContext http, string value) =>
        http.Response.Cookies.Append(Name, value,
            new CookieOptions { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = http.Request.IsHttps, Path = Path, MaxAge = Lifetime });

    public static void Delete(HttpContext http) => http.Response.Cookies.Delete(Name, new CookieOptions { Path = Path });
}
