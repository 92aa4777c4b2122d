using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;

namespace SafeRlhfV.Gateway;

/// <summary>What stands before the gateway's own pages: proxies that are believed, browsers' pages that may call, and Azure's addresses.</summary>
internal static class WebFront
{
    /// <summary>Where the name of the model stands that an address of Azure's names.</summary>
    public static readonly object Deployment = new();

    public static void Add(IServiceCollection services, GatewaySettings settings)
    {
        if (settings.CorsOrigins.Count == 0) return;
        services.AddCors(cors => cors.AddDefaultPolicy(policy => policy.WithOrigins([.. settings.CorsOrigins]).AllowAnyHeader()
            .WithMethods("GET", "POST", "DELETE")
            .WithExposedHeaders(RequestIds.Header, MessagesErrors.RequestIdHeader, "x-guard-request-id", "x-guard-outcome", "retry-after")));
    }

    public static void Use(WebApplication app, GatewaySettings settings)
    {
        if (settings.TrustedProxies.Count > 0)
        {
            ForwardedHeadersOptions options = new()
            {
                ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto,
                ForwardLimit = null, // as many as stand in a row, each of them a believed one
            };
            options.KnownProxies.Clear();
            options.KnownIPNetworks.Clear();
            foreach (System.Net.IPNetwork network in settings.TrustedProxies) options.KnownIPNetworks.Add(network);
            app.UseForwardedHeaders(options);
        }
        app.Use(static (http, next) =>
        {
            FromAzure(http);
            return next(http);
        });
        // the dashboard is for its own pages alone
        if (settings.CorsOrigins.Count > 0) app.UseWhen(http => http.Request.Path.StartsWithSegments("/v1"), branch => branch.UseCors());
    }

    // /openai/deployments/NAME/chat/completions, or .../embeddings, names the model in its path; /openai/v1/... is as OpenAI's own
    private static void FromAzure(HttpContext http)
    {
        if (!http.Request.Path.StartsWithSegments("/openai", out PathString rest)) return;
        if (rest.StartsWithSegments("/v1"))
        {
            http.Request.Path = rest;
            return;
        }
        if (!rest.StartsWithSegments("/deployments", out PathString named)
            || named.Value?.Split('/', 3) is not ["", string name, ("chat/completions" or "embeddings") and string what]) return;
        http.Items[Deployment] = name;
        http.Request.Path = "/v1/" + what;
    }
}
