using System.Text.Json.Nodes;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>What makes a gateway one of several on a database: its keys, policy, limits and dashboard sessions are those of all.</summary>
internal sealed class Replication
{
    private readonly ReplicaDatabase database;
    private readonly GatewaySettings own;
    private readonly TimeProvider clock;

    /// <summary>Opens the database and takes over what is in force there.</summary>
    /// <exception cref="ServiceException">The database cannot be used.</exception>
    /// <exception cref="InvalidInputException">It holds what cannot be read.</exception>
    public Replication(GatewaySettings own, TimeProvider clock)
    {
        (this.own, this.clock) = (own, clock);
        database = new(own);
        Keys = new((name, most) => new LeasedMeter(name, most, own.Replicas!.Lease, database, clock), clock);
        Settings = new(database, own, Keys);
    }

    public KeyRing Keys { get; }

    public SharedSettings Settings { get; }

    public void AddTo(IServiceCollection services)
    {
        services.AddSingleton(_ => database); // made by the container's word, so that it disposes of it
        services.AddHostedService(provider =>
        {
            provider.GetRequiredService<ReplicaDatabase>();
            Settings.Log = provider.GetRequiredService<ILogger<SharedSettings>>();
            return Settings;
        });
        services.AddHostedService(provider => new SharedRefusals(provider.GetRequiredService<ReplicaDatabase>(), provider.GetRequiredService<RefusedTurns>(),
            own.Replicas!.Name, own.Audit.Key, clock, provider.GetRequiredService<ILogger<SharedRefusals>>()));
        services.AddDataProtection().SetApplicationName("safe-rlhf-v gateway");
        services.Configure<KeyManagementOptions>(options =>
        {
            options.XmlRepository = new PostgresXmlRepository(database);
            if (own.Audit.Key is { } secret) options.XmlEncryptor = new SecretXmlEncryptor(secret);
        });
    }

    public IDashboardSessions Sessions(IServiceProvider services) =>
        new SharedDashboardSessions(services.GetRequiredService<IDataProtectionProvider>(), database, Keys, clock);

    /// <summary>The responses that all gateways keep together.</summary>
    public IKeptResponses Responses() => new SharedResponses(database, own.Responses, own.Audit.Key, clock);

    /// <summary>What <c>/readyz</c> says of it.</summary>
    public void Describe(JsonObject parts, IServiceProvider services)
    {
        (long keys, long policy) = Settings.Versions;
        parts["replica"] = new JsonObject
        {
            ["name"] = own.Replicas!.Name,
            ["leader"] = services.GetRequiredService<AuditKeeper>().Leads,
            ["keys"] = keys,
            ["policy"] = policy,
            ["policy_version"] = Settings.Policy.Version,
            ["settings"] = Settings.Fault is null ? "ok" : "stay as they are; the log says why",
        };
    }
}
