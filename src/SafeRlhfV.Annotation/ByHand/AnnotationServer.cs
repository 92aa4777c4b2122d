using System.Net;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace SafeRlhfV.Annotation;

/// <summary>
/// The page on which people annotate, served on this machine alone. Its address holds a secret drawn at each start; without it every request is
/// refused, as are requests that name another host (DNS rebinding) or come from another page (cross-site requests).
/// </summary>
public sealed class AnnotationServer : IAsyncDisposable
{
    private readonly AnnotationStore store;
    private readonly WebApplication app;
    private readonly string secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));

    private AnnotationServer(AnnotationStore store, WebApplication app) => (this.store, this.app) = (store, app);

    /// <summary>The address to open in a browser.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Pairs to be annotated.</summary>
    public int Items => store.Items.Count;

    /// <summary>Opens the working folder and begins to serve.</summary>
    /// <param name="data">What is annotated: a paired data set, or a JSONL file of pairs without labels.</param>
    /// <param name="working">The folder of the journal.</param>
    /// <param name="options">Overlap, order, machine's labels.</param>
    /// <param name="port">The port on 127.0.0.1; 0 for any that is free.</param>
    /// <exception cref="InvalidInputException">The data or the folder cannot be used, or the port is taken.</exception>
    public static async Task<AnnotationServer> StartAsync(string data, string working, AnnotationOptions options, int port = 0)
    {
        AnnotationStore store = new(data, working, options);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, port);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = 64 * 1024;
        });
        builder.Services.AddRouting();
        WebApplication app = builder.Build();
        AnnotationServer server = new(store, app);
        app.Use(server.GuardAsync);
        new AnnotationEndpoint(store).Map(app.MapGroup($"/{server.secret}"));
        try
        {
            await app.StartAsync().ConfigureAwait(false);
        }
        catch (IOException error)
        {
            await server.DisposeAsync().ConfigureAwait(false);
            throw new InvalidInputException($"port {port} of 127.0.0.1 cannot be used ({error.Message.TrimEnd('.')}); choose another one, or 0 for any.",
                error);
        }
        server.Address = $"{app.Urls.First()}/{server.secret}/";
        return server;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await app.DisposeAsync().ConfigureAwait(false);
        store.Dispose();
    }

    private async Task GuardAsync(HttpContext http, RequestDelegate next)
    {
        http.Response.Headers["Content-Security-Policy"] =
            "default-src 'none'; img-src 'self' data:; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
                + "frame-ancestors 'none'";
        http.Response.Headers["X-Content-Type-Options"] = "nosniff";
        http.Response.Headers["Referrer-Policy"] = "no-referrer";
        http.Response.Headers["Cross-Origin-Resource-Policy"] = "same-origin";
        http.Response.Headers.CacheControl = "no-store";
        string own = $"127.0.0.1:{http.Connection.LocalPort}", named = $"localhost:{http.Connection.LocalPort}", host = http.Request.Host.Value ?? "";
        string origin = http.Request.Headers.Origin.ToString(), site = http.Request.Headers["Sec-Fetch-Site"].ToString();
        bool sound = (host == own || host == named)
            && (origin.Length == 0 || origin == $"http://{host}")
            && site is "" or "none" or "same-origin"
            && (!HttpMethods.IsPost(http.Request.Method) || http.Request.HasJsonContentType());
        if (sound)
        {
            try
            {
                await next(http).ConfigureAwait(false);
            }
            catch (Exception error) when (error is InvalidInputException or BadHttpRequestException && !http.Response.HasStarted)
            {
                http.Response.StatusCode = error is BadHttpRequestException ? StatusCodes.Status400BadRequest : StatusCodes.Status500InternalServerError;
                await http.Response.WriteAsJsonAsync(new JsonObject { ["problem"] = error.Message }).ConfigureAwait(false);
            }
        }
        else http.Response.StatusCode = StatusCodes.Status403Forbidden;
    }
}
