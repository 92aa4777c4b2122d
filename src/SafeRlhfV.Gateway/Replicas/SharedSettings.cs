using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>
/// Keys and policy as all gateways on one database have them: the latest version there is in force, in each gateway as soon as it is told (LISTEN), and
/// within a poll where the message is lost. The gateway's own file is the first version; later ones are published.
/// </summary>
internal sealed partial class SharedSettings : BackgroundService
{
    private static readonly JsonSerializerOptions Format = new(JsonSerializerOptions.Web) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    private readonly ReplicaDatabase database;
    private readonly TimeSpan poll;
    private readonly KeyRing keys;
    private ILogger<SharedSettings> log = NullLogger<SharedSettings>.Instance;
    private volatile GuardPolicy policy = GuardPolicy.Default;
    private volatile string? fault;
    private readonly string name;
    private readonly IReadOnlyDictionary<string, string> own;
    private SharedVersion? seenKeys, seenPolicy;

    /// <summary>
    /// Takes over what is in force, and of the gateway's file what the database does not have yet; that is published when the service starts.
    /// </summary>
    /// <exception cref="InvalidInputException">What the database holds cannot be read.</exception>
    public SharedSettings(ReplicaDatabase database, GatewaySettings settings, KeyRing keys)
    {
        (this.database, poll, this.keys, name, own) = (database, settings.Replicas!.Poll, keys, settings.Replicas.Name, Bodies(settings));
        Dictionary<string, SharedVersion> inForce = database.Read();
        foreach ((string kind, string body) in own) inForce.TryAdd(kind, new(0, body));
        Apply(inForce);
        if (this.fault is { } fault) throw new InvalidInputException(fault);
    }

    /// <summary>Sets the log, which is made later than the policy is needed.</summary>
    public ILogger<SharedSettings> Log
    {
        set => log = value;
    }

    public GuardPolicy Policy => policy;

    /// <summary>Raised after another version of the keys or of the policy came into force.</summary>
    public event Action<string, long>? Changed;

    /// <summary>Why the latest version is not in force here, or why it cannot be read; null where all is well.</summary>
    public string? Fault => fault;

    /// <summary>The versions of the keys and the policy in force here.</summary>
    public (long Keys, long Policy) Versions => (seenKeys?.Version ?? 0, seenPolicy?.Version ?? 0);

    /// <summary>Keys and policy of a gateway's file as they are published.</summary>
    public static IReadOnlyDictionary<string, string> Bodies(GatewaySettings settings) => new Dictionary<string, string>
    {
        [ReplicaDatabase.Keys] = JsonSerializer.Serialize(settings.Keys, Format),
        [ReplicaDatabase.Policy] = settings.Policy is { } path ? DiskErrors.Reading(path, () => File.ReadAllText(path), "give the path of a policy file") : "",
    };

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        bool isPublished = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!isPublished) Compare(database.Publish(own, name, onlyMissing: true));
                isPublished = true;
                await using NpgsqlConnection connection = await database.ListenAsync(stoppingToken);
                while (true)
                {
                    Apply(database.Read());
                    await connection.WaitAsync(poll, stoppingToken);
                }
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                Tell($"the database cannot be read ({error.GetType().Name}: {error.Message.ReplaceLineEndings(" ")})");
            }
            catch (Exception) // stopped: whatever that made it fail with
            {
                return;
            }
            await Task.Delay(poll < TimeSpan.FromSeconds(1) ? poll : TimeSpan.FromSeconds(1), stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Compare(Dictionary<string, SharedVersion> inForce)
    {
        string[] others = [.. own.Where(kind => inForce[kind.Key].Body != kind.Value).Select(kind => kind.Key)];
        if (others.Length > 0) LogUnpublished(string.Join(" and ", others));
    }

    // A version with faults leaves the one before it in force, as a changed policy file does.
    private void Apply(Dictionary<string, SharedVersion> versions)
    {
        string? fault = null;
        (SharedVersion? keysBefore, SharedVersion? policyBefore) = (seenKeys, seenPolicy);
        SharedVersion keys = versions[ReplicaDatabase.Keys], policy = versions[ReplicaDatabase.Policy];
        try
        {
            if (keys != seenKeys) this.keys.Replace(JsonSerializer.Deserialize<KeySettings[]>(keys.Body, Format) ?? []);
            seenKeys = keys;
        }
        catch (JsonException error)
        {
            fault = $"version {keys.Version} of the keys cannot be read ({error.Message.ReplaceLineEndings(" ")})";
        }
        try
        {
            if (policy != seenPolicy)
                this.policy = policy.Body.Length == 0 ? GuardPolicy.Default : PolicyReader.Parse(policy.Body, $"version {policy.Version} of the policy");
            seenPolicy = policy;
        }
        catch (InvalidInputException error)
        {
            fault = error.Message;
        }
        if (keysBefore is not null && seenKeys?.Body != keysBefore.Body) Changed?.Invoke(ReplicaDatabase.Keys, seenKeys!.Version);
        if (policyBefore is not null && seenPolicy?.Body != policyBefore.Body) Changed?.Invoke(ReplicaDatabase.Policy, seenPolicy!.Version);
        Tell(fault);
    }

    private void Tell(string? fault)
    {
        if (fault is not null && fault != this.fault) LogFault(fault);
        this.fault = fault;
    }

    [LoggerMessage(LogLevel.Warning,
        "This gateway's file has other {What} than the database; those of the database are in force ('serve --publish' changes them).")]
    private partial void LogUnpublished(string what);

    [LoggerMessage(LogLevel.Error, "Keys and policy stay as they are: {Fault}")]
    private partial void LogFault(string fault);
}
