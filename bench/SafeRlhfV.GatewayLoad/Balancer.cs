using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;

namespace SafeRlhfV.GatewayLoad;

/// <summary>
/// YARP before several gateways, as docs/scale.md describes it: asks each <c>/readyz</c>, sends requests in turns to those that are ready, and, if told so,
/// asks another where one breaks off before its answer began.
/// </summary>
internal static class Balancer
{
    /// <summary>Makes the balancer, on a free port of loopback.</summary>
    /// <param name="gateways">The gateways' addresses.</param>
    /// <param name="probe">How often each is asked whether it is ready.</param>
    /// <param name="retries">Whether a request that broke off goes to another gateway.</param>
    public static WebApplication Create(IReadOnlyList<string> gateways, TimeSpan probe, bool retries)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        builder.Services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "all", ClusterId = "gateways", Match = new RouteMatch { Path = "{**all}" } }],
            [
                new ClusterConfig
                {
                    ClusterId = "gateways",
                    LoadBalancingPolicy = LoadBalancingPolicies.RoundRobin,
                    HealthCheck = new HealthCheckConfig
                    {
                        Active = new ActiveHealthCheckConfig
                        {
                            Enabled = true,
                            Interval = probe,
                            Timeout = TimeSpan.FromSeconds(5),
                            Policy = HealthCheckConstants.ActivePolicy.ConsecutiveFailures,
                            Path = "/readyz",
                        },
                    },
                    Metadata = new Dictionary<string, string> { [ConsecutiveFailuresHealthPolicyOptions.ThresholdMetadataName] = "1" },
                    Destinations = gateways.Index().ToDictionary(
                        gateway => gateway.Index.ToString(CultureInfo.InvariantCulture),
                        gateway => new DestinationConfig { Address = gateway.Item }),
                },
            ]);
        WebApplication app = builder.Build();
        app.MapReverseProxy(proxy =>
        {
            if (retries) proxy.Use(RetryAsync);
            proxy.UseLoadBalancing();
        });
        return app;
    }

    // Each gateway once. What a gateway that died had recorded stands in its chain; the caller gets the answer of the next.
    private static async Task RetryAsync(HttpContext http, RequestDelegate next)
    {
        http.Request.EnableBuffering();
        IReverseProxyFeature proxy = http.GetReverseProxyFeature();
        IReadOnlyList<DestinationState> left = proxy.AvailableDestinations;
        while (true)
        {
            await next(http);
            if (http.GetForwarderErrorFeature() is null || http.Response.HasStarted || http.RequestAborted.IsCancellationRequested) return;
            left = [.. left.Where(destination => destination != proxy.ProxiedDestination)];
            if (left.Count == 0) return;
            proxy.AvailableDestinations = left;
            http.Features.Set<IForwarderErrorFeature>(null);
            http.Response.Clear();
            http.Request.Body.Position = 0;
        }
    }
}
