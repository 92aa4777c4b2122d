using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using SafeRlhfV.Audit;

namespace SafeRlhfV.Gateway;

/// <summary>The dashboard's pages and calls. All of it but the sign-in needs a key with the role <c>operator</c>.</summary>
internal sealed class DashboardEndpoint(KeyRing keys, IDashboardSessions sessions, AuditReader reader, AuditTrail trail, TimeProvider clock)
{
    private readonly DashboardData data = new(reader, clock);
    private readonly LogPace viewed = new(clock, TimeSpan.FromHours(1)); // the page asks every few seconds

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach ((string path, string file, string type)
            in ((string, string, string)[])[("/dashboard", "dashboard.html", "text/html"), ("/dashboard/app.js", "dashboard.js", "text/javascript"),
                ("/dashboard/style.css", "dashboard.css", "text/css")])
        {
            byte[] content = Resource(file);
            routes.MapGet(path, http => FileAsync(http, content, type));
        }
        routes.MapPost("/dashboard/login", LoginAsync);
        routes.MapPost("/dashboard/logout", async http =>
        {
            if (await sessions.FindAsync(http) is { } key) await RecordAsync(http, "logout", key);
            await sessions.EndAsync(http);
            http.Response.StatusCode = 204;
        });
        routes.MapGet("/dashboard/data", async http =>
        {
            ApiKey viewer = await OperatorAsync(http);
            if (viewed.IsDue(viewer.Name)) await RecordAsync(http, "view", viewer, ("what", "the review queue"));
            await JsonAsync(http, await data.ReadAsync(http.RequestAborted));
        });
        routes.MapGet("/dashboard/images/{name}", ImageAsync);
        routes.MapPost("/dashboard/review", ReviewAsync);
        routes.MapGet("/dashboard/export", async http =>
        {
            await RecordAsync(http, "export", await OperatorAsync(http), ("what", "reviewed requests"));
            http.Response.ContentType = "application/jsonl";
            http.Response.Headers.ContentDisposition = "attachment; filename=reviewed.jsonl";
            await http.Response.WriteAsync(await data.ExportAsync(http.RequestAborted), http.RequestAborted);
        });
    }

    private async Task LoginAsync(HttpContext http)
    {
        ApiKey key = keys.Find(http.Request);
        if (!key.IsOperator) throw new ApiException(403, "permission_error", "This needs a key with the role 'operator'.", "forbidden");
        await RecordAsync(http, "login", key);
        sessions.Begin(http, key);
        await JsonAsync(http, new() { ["name"] = key.Name });
    }

    private async Task ImageAsync(HttpContext http)
    {
        ApiKey viewer = await OperatorAsync(http);
        byte[]? bytes = await reader.ContentAsync(http.GetRouteValue("name")?.ToString() ?? "", http.RequestAborted);
        if (bytes is null || ImageHeader.Read(bytes) is not { } header)
            throw new ApiException(404, "invalid_request_error", "This image was not kept.", "not_found");
        await RecordAsync(http, "view", viewer, ("image", http.GetRouteValue("name")?.ToString()));
        await FileAsync(http, bytes, header.MediaType);
    }

    private async Task ReviewAsync(HttpContext http)
    {
        ApiKey reviewer = await OperatorAsync(http);
        JsonObject body = await ChatRequestReader.ReadObjectAsync(http.Request, http.RequestAborted);
        string request = JsonText.Required(body["request"], "request");
        if (body["unsafe"] is not JsonValue value || !value.TryGetValue(out bool isUnsafe))
            throw ApiException.Invalid("unsafe must be true or false.", "unsafe");
        string? category = body["category"] is null ? null : JsonText.Required(body["category"], "category");
        if (category is { Length: > 0 } && Taxonomy.IndexOf(category) < 0) throw ApiException.Invalid("The category is unknown.", "category");
        string? note = body["note"] is null ? null : JsonText.Required(body["note"], "note");
        if (note?.Length > 2000) throw ApiException.Invalid("The note is longer than 2000 characters.", "note");
        if ((await reader.OfRequestAsync(request, http.RequestAborted)).Count == 0)
            throw new ApiException(404, "invalid_request_error", "There is no such request.", "not_found");
        await trail.ReviewedAsync(request, reviewer.Name, isUnsafe, category, note, http.RequestAborted);
        await JsonAsync(http, new() { ["recorded"] = true });
    }

    // Before anything is shown: what cannot be recorded is not shown.
    private async Task RecordAsync(HttpContext http, string kind, ApiKey by, params (string Name, string? Value)[] more) =>
        await trail.RecordAsync(kind, http.TraceIdentifier,
        [
            new("by", by.Name),
            new("address", http.Connection.RemoteIpAddress?.ToString()),
            .. more.Select(one => new KeyValuePair<string, object?>(one.Name, one.Value)),
        ], http.RequestAborted);

    private async ValueTask<ApiKey> OperatorAsync(HttpContext http)
    {
        if (await sessions.FindAsync(http) is not { } key) throw new ApiException(401, "authentication_error", "Sign in first.", "not_signed_in");

        // Other sites cannot set this header without permission (CORS), which is never given; the cookie's SameSite=Strict keeps them out, too.
        if (HttpMethods.IsPost(http.Request.Method) && http.Request.Headers["x-guard-dashboard"] != "1")
            throw new ApiException(403, "permission_error", "This call did not come from the dashboard.", "forbidden");
        return key;
    }

    private static byte[] Resource(string file)
    {
        using Stream stream = typeof(DashboardEndpoint).Assembly.GetManifestResourceStream($"SafeRlhfV.Gateway.Dashboard.{file}")
            ?? throw new InvalidOperationException($"{file} is not in the assembly.");
        using MemoryStream copy = new();
        stream.CopyTo(copy);
        return copy.ToArray();
    }

    private static async Task FileAsync(HttpContext http, byte[] content, string type)
    {
        http.Response.ContentType = type.StartsWith("text/", StringComparison.Ordinal) ? $"{type}; charset=utf-8" : type;
        http.Response.Headers.ContentSecurityPolicy =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
                + "frame-ancestors 'none'";
        http.Response.Headers.XContentTypeOptions = "nosniff";
        http.Response.Headers["referrer-policy"] = "no-referrer";
        http.Response.Headers.CacheControl = "no-store";
        await http.Response.Body.WriteAsync(content, http.RequestAborted);
    }

    private static Task JsonAsync(HttpContext http, JsonObject body)
    {
        http.Response.ContentType = "application/json";
        http.Response.Headers.CacheControl = "no-store";
        return http.Response.WriteAsync(body.ToJsonString(), http.RequestAborted);
    }
}
