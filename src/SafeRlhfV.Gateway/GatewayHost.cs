using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using SafeRlhfV.Audit;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>The service: guarded models behind OpenAI's interface.</summary>
public static class GatewayHost
{
    private static readonly string[] Probes = ["GET", "HEAD"];

    /// <summary>Builds the service; run or start it, and dispose it.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="parts">How models on this machine are opened; null = none are.</param>
    /// <exception cref="InvalidInputException">A part that the settings name cannot be had.</exception>
    public static WebApplication Build(GatewaySettings settings, GatewayParts? parts = null)
    {
        parts ??= new();
        PolicyFile? file = settings.Policy is { } path ? new(path) : null;
        Replication? replicas = settings.Replicas is null ? null : new(settings, parts.Clock);
        KeyRing keys = replicas?.Keys ?? new((_, most) => new RateMeter(most, parts.Clock), parts.Clock);
        if (replicas is null) keys.Replace(settings.Keys);
        Func<GuardPolicy> policy = replicas is not null ? () => replicas.Settings.Policy : file is not null ? () => file.Current : () => GuardPolicy.Default;

        // Empty: no appsettings.json or environment variable beside the gateway's own file has a say, and nothing is watched.
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().UseUrls(settings.Listen);
        TlsCertificate? certificate = settings.Tls is { } tls ? new(tls, parts.Clock) : null;
        if (certificate is not null) builder.Services.AddSingleton(_ => certificate); // disposed with the service
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            if (certificate is not null) kestrel.ConfigureHttpsDefaults(certificate.Use);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = settings.Limits.BodyBytes;

            // A caller on a poor line has as long for its body's first bytes as for its headers; the standard 5 s answers 408. Answers keep the standard rate:
            // it counts only while more than 64 KiB wait unread, and every byte that waits lengthens the time, so that a stream's reader may pause for minutes.
            kestrel.Limits.MinRequestBodyDataRate = new(bytesPerSecond: 240, gracePeriod: kestrel.Limits.RequestHeadersTimeout);
        });
        builder.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace); // results alone go to stdout
        builder.Logging.AddSimpleConsole(console => (console.SingleLine, console.IncludeScopes) = (true, true)).SetMinimumLevel(LogLevel.Warning)
            // a scope and an activity for each request, which nobody reads; what goes wrong is told by ErrorMiddleware
            .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None)
            // that the service did not start, with its stack: StartAsync throws the same. What fails later is critical.
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        builder.Services.AddRouting();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = settings.Shutdown.Finish);
        builder.Services.AddSingleton(settings);
        builder.Services.AddSingleton(settings.Audit);
        builder.Services.AddSingleton(_ => new Drain());
        replicas?.AddTo(builder.Services);
        if (replicas is null && settings.File is not null)
        {
            builder.Services.AddSingleton(services => new KeyFile(settings, keys, parts.Clock, services.GetRequiredService<ILogger<KeyFile>>()));
            builder.Services.AddHostedService(services => services.GetRequiredService<KeyFile>());
        }
        WebFront.Add(builder.Services, settings);

        // What is made here is disposed with the service, in reverse order.
        builder.Services.AddSingleton(_ => new GatewayMetrics());
        if (settings.Otlp is { } otlp) builder.Services.AddSingleton(_ => new OtlpExport(otlp));
        builder.Services.AddSingleton(services => new UpstreamLog(services.GetRequiredService<ILogger<UpstreamLog>>(), parts.Clock));
        builder.Services.AddSingleton(_ => new ImageGate(settings.Limits, parts.ShowImage));
        builder.Services.AddSingleton(_ => new RefusedTurns(clock: parts.Clock));
        builder.Services.AddSingleton(services =>
            new ModeratorFactory(settings, policy, parts.OpenChat, services.GetRequiredService<ILogger<ModeratorFactory>>()));
        builder.Services.AddSingleton(services => new WatchedModerator(
            services.GetRequiredService<ModeratorFactory>().Create(), services.GetRequiredService<ILogger<WatchedModerator>>(), parts.Clock));
        builder.Services.AddSingleton<IModerator>(services => services.GetRequiredService<WatchedModerator>());
        if (settings.AuditTrail is { } address)
        {
            builder.Services.AddSingleton(_ => AuditDatabase.Of(address));
            builder.Services.AddSingleton(services => new AuditTrail(services.GetRequiredService<AuditDatabase>(), settings.Audit, parts.Clock));
            builder.Services.AddSingleton(services =>
                new LoggedObserver(services.GetRequiredService<AuditTrail>(), services.GetRequiredService<ILogger<LoggedObserver>>(), parts.Clock));
            builder.Services.AddSingleton(services => new AuditLeader(services.GetRequiredService<AuditDatabase>()));
            builder.Services.AddSingleton(services => new AuditKeeper(
                services.GetRequiredService<AuditTrail>(),
                services.GetRequiredService<AuditLeader>(),
                settings.Audit,
                settings.Replicas?.Anchor,
                parts.Clock,
                services.GetRequiredService<ILogger<AuditKeeper>>()));
            builder.Services.AddHostedService(services => services.GetRequiredService<AuditKeeper>());
            builder.Services.AddSingleton(services => new TrailEvents(
                services.GetRequiredService<AuditTrail>(), settings, services.GetRequiredService<IModerator>(), policy,
                services.GetRequiredService<ILogger<TrailEvents>>(), parts.Clock));
            builder.Services.AddHostedService(services => services.GetRequiredService<TrailEvents>());
            if (replicas is null)
            {
                builder.Services.AddSingleton(services => new ErasableResponses(new(settings.Responses, parts.Clock),
                    new(services.GetRequiredService<AuditDatabase>()), settings.Audit.Chain, parts.Clock));
                builder.Services.AddHostedService(services => services.GetRequiredService<ErasableResponses>());
            }
        }
        builder.Services.AddSingleton<IGuardObserver>(services =>
            new MeteredObserver(services.GetService<LoggedObserver>(), services.GetRequiredService<GatewayMetrics>()));
        if (settings.ShadowPolicy is { } shadowPath)
        {
            PolicyFile shadow = new(shadowPath);
            builder.Services.AddSingleton(services =>
            {
                shadow.Changed += new PolicyLog(services.GetRequiredService<ILogger<PolicyLog>>()).TellShadow;
                GatewayMetrics metrics = services.GetRequiredService<GatewayMetrics>();
                ShadowPolicy beside = new(() => shadow.Current, new ShadowRecord(metrics, services.GetService<AuditTrail>()).TellAsync);
                metrics.Watch(beside);
                return beside;
            });
        }
        builder.Services.AddSingleton(services => CreateModels(settings, parts, policy, services));
        WebApplication app = builder.Build();
        Map(app, settings, parts, policy, file, keys, replicas);
        return app;
    }

    /// <summary>Starts a service.</summary>
    /// <exception cref="InvalidInputException">The address of <c>listen</c> is in use, is not this machine's, or may not be used.</exception>
    public static async Task StartAsync(WebApplication app, CancellationToken cancellationToken = default)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (Exception error) when (SocketFault(error) is { } fault)
        {
            string listen = app.Services.GetRequiredService<GatewaySettings>().Listen;
            string why = fault switch
            {
                SocketError.AddressAlreadyInUse => "is in use by another program; end it, or choose another port",
                SocketError.AddressNotAvailable => "is no address of this machine; 0.0.0.0 stands for all that it has",
                SocketError.AccessDenied => "may not be used by this user; choose a port from 1024",
                _ => $"cannot be listened at ({fault}); choose another address",
            };
            throw new InvalidInputException($"listen: {listen} {why}.", error);
        }
    }

    private static SocketError? SocketFault(Exception? error) => error switch
    {
        null => null,
        SocketException socket => socket.SocketErrorCode,
        AddressInUseException => SocketError.AddressAlreadyInUse,
        IOException => SocketFault(error.InnerException),
        _ => null,
    };

    /// <summary>
    /// Ends a service that was started: <c>/readyz</c> says "draining" while requests are still taken, then those under way are finished, and recorded.
    /// </summary>
    public static async Task StopAsync(WebApplication app)
    {
        app.Services.GetRequiredService<Drain>().Begin();
        await Task.Delay(app.Services.GetRequiredService<GatewaySettings>().Shutdown.Drain);
        await app.StopAsync(CancellationToken.None);
    }

    private static ModelTable CreateModels(GatewaySettings settings, GatewayParts parts, Func<GuardPolicy> policy, IServiceProvider services)
    {
        Dictionary<string, IChatClient> upstreams = settings.Upstreams.ToDictionary(upstream => upstream.Name, upstream => upstream.Checkpoint is { } checkpoint
            ? new LocalUpstream(parts.OpenChat(checkpoint), upstream.ControlTokens)
            : (IChatClient)new UpstreamChatClient(upstream, settings.Limits.AnswerCharacters, parts.Clock));
        InjectionGuard? injection = services.GetRequiredService<ModeratorFactory>().CreateInjection();
        return new(settings.Models.ToDictionary(model => model.Name, model =>
        {
            RoutedChatClient routed = new([.. model.Upstreams.Select(name => upstreams[name])], services.GetRequiredService<UpstreamLog>());
            GuardOptions options = new()
            {
                Moderator = services.GetRequiredService<IModerator>(),
                Injection = injection,
                Shadow = services.GetService<ShadowPolicy>(),
                Policy = policy,
                Context = chat =>
                {
                    ChatCall call = ChatCall.Of(chat, routed);
                    return call.Context with { Facts = () => CallFacts.Of(call) };
                },
                RequestId = chat => ChatCall.Of(chat, routed).RequestId,
                BlocksFlagged = (chat, side) => ChatCall.Of(chat, routed).Moderation?.Blocks(side) ?? false,
                Documents = chat => ChatCall.Of(chat, routed).Documents,
                ExtraText = chat => ChatCall.Of(chat, routed).ExtraText,
                CheckSystemMessages = model.ChecksSystem,
                HistoryTurns = model.HistoryTurns,
                Parallel = model.Parallel,
                RefusedTurns = services.GetRequiredService<RefusedTurns>(),
                LeaveOutRefusedTurns = false, // the reader of requests does, so that the messages are those of the body
                CheckAssistantMessages = true,
                CheckToolResults = settings.CheckToolResults,
                Release = settings.Release with { LongestAnswer = settings.Limits.AnswerCharacters },
                ModerationTimeout = settings.ModerationTimeout,
                Observer = services.GetRequiredService<IGuardObserver>(),
                Clock = parts.Clock,
            };
            IChatClient guarded = new GuardedChatClient(routed, options);
            if (settings.Otlp is not null) guarded = guarded.AsBuilder().UseOpenTelemetry(sourceName: GatewayMetrics.MeterName).Build(services);
            return (guarded, routed);
        }));
    }

    private static void Map(
        WebApplication app, GatewaySettings settings, GatewayParts parts, Func<GuardPolicy> policy, PolicyFile? file, KeyRing keys, Replication? replicas)
    {
        IServiceProvider services = app.Services;
        GatewayMetrics metrics = services.GetRequiredService<GatewayMetrics>();
        services.GetService<OtlpExport>();
        ModelTable models = services.GetRequiredService<ModelTable>();
        ImageGate images = services.GetRequiredService<ImageGate>();
        Drain drain = services.GetRequiredService<Drain>();
        ChatRequestReader reader =
            new(settings.Limits, images, new(settings.AllowFields, settings.HostedTools), services.GetRequiredService<RefusedTurns>(), policy);
        ResponseStore store = new(settings.Responses, replicas?.Responses() ?? services.GetService<ErasableResponses>()
            ?? (IKeptResponses)new RememberedResponses(settings.Responses, parts.Clock));
        ILogger<WireEndpoint> log = services.GetRequiredService<ILogger<WireEndpoint>>();
        ModerationsEndpoint moderations = new(services.GetRequiredService<IModerator>(), policy, images, settings.Limits, services.GetService<IGuardObserver>(),
            parts.Clock);
        if (replicas is null) file?.Changed += new PolicyLog(services.GetRequiredService<ILogger<PolicyLog>>()).Tell;
        if (services.GetService<TrailEvents>() is { } events)
        {
            if (replicas is null) file?.Changed += events.PolicyChanged;
            else replicas.Settings.Changed += events.SharedChanged;
            services.GetService<KeyFile>()?.Changed += events.KeysChanged;
        }
        int open = 0;

        WebFront.Use(app, settings);
        app.UseMiddleware<RequestIds>();
        app.Use(async (http, next) =>
        {
            metrics.Opened();
            drain.Mark(http);
            try
            {
                await next(http);
            }
            finally
            {
                metrics.Closed((http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "(none)", http.Response.StatusCode);
            }
        });
        app.UseMiddleware<ErrorMiddleware>();
        app.UseRouting();
        app.Use(async (http, next) =>
        {
            if (!http.Request.Path.StartsWithSegments("/v1") && !http.Request.Path.StartsWithSegments("/metrics"))
            {
                await next(http);
                return;
            }
            ApiKey key = keys.Find(http.Request);
            http.Items[typeof(ApiKey)] = key;
            if (HttpMethods.IsPost(http.Request.Method)) await key.AdmitAsync();
            if (Interlocked.Increment(ref open) > settings.Limits.Concurrency)
            {
                Interlocked.Decrement(ref open);
                throw new ApiException(503, "server_error", "The gateway is busy; try again soon.", "overloaded") { RetryAfter = TimeSpan.FromSeconds(1) };
            }
            try
            {
                await next(http);
            }
            finally
            {
                Interlocked.Decrement(ref open);
            }
        });

        Serve("/v1/chat/completions", new ChatWire(reader));
        Serve("/v1/messages", new MessagesWire(reader));
        Serve("/v1/messages/count_tokens", new MessagesWire(reader, countsTokens: true));
        Serve("/v1/responses", new ResponsesWire(reader, store, settings.HostedTools));
        new StoredResponses(store).Map(app);
        Serve("/v1/embeddings", new EmbeddingsWire(settings.Limits));
        app.MapPost("/v1/completions", _ => throw new ApiException(404, "invalid_request_error",
            "Completions of bare prompts are not served: they have no turns, so that what is asked cannot be told from what is answered. Use "
                + "/v1/chat/completions.", "unsupported_endpoint"));
        app.MapPost("/v1/moderations", moderations.InvokeAsync);
        app.MapGet("/v1/models", http => JsonReply.WriteAsync(http, models.List(ApiKey.Of(http))));
        app.MapGet("/v1/models/{**name}", http => JsonReply.WriteAsync(http, models.One(http.GetRouteValue("name")?.ToString() ?? "", ApiKey.Of(http))));
        app.MapMethods("/healthz", Probes, http => JsonReply.WriteAsync(http, new JsonObject { ["status"] = "ok" }));
        app.MapMethods("/readyz", Probes, new Readiness(services, settings, models, replicas is null ? file : null, replicas, parts.Clock).InvokeAsync);
        MapDashboard(app, settings, parts, keys, replicas);
        app.MapGet("/metrics", async http =>
        {
            if (!ApiKey.Of(http).IsOperator) throw new ApiException(403, "permission_error", "This needs a key with the role 'operator'.", "forbidden");
            http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
            await http.Response.WriteAsync(metrics.Text.Write(), http.RequestAborted);
        });

        void Serve(string path, IWire wire) => app.MapPost(path, new WireEndpoint(wire, models, metrics, parts.Clock, log).InvokeAsync);
    }

    private static void MapDashboard(WebApplication app, GatewaySettings settings, GatewayParts parts, KeyRing keys, Replication? replicas)
    {
        if (app.Services.GetService<AuditTrail>() is not { } trail) return; // all that it shows is in the trail
        AuditReader reader = new(app.Services.GetRequiredService<AuditDatabase>(), settings.Audit.Key);
        IDashboardSessions sessions = replicas?.Sessions(app.Services) ?? new DashboardSessions(keys, parts.Clock);
        new DashboardEndpoint(keys, sessions, reader, trail, parts.Clock).Map(app);
    }
}
