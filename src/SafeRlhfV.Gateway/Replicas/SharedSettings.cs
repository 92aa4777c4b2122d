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

    private readonly ReplicaDatabase _database;
    private readonly TimeSpan _poll;
    private readonly KeyRing _keys;
    private ILogger<SharedSettings> _log = NullLogger<SharedSettings>.Instance;
    private volatile GuardPolicy _policy = GuardPolicy.Default;
    private volatile string? _fault;
    private readonly string _name;
    private readonly IReadOnlyDictionary<string, string> _own;
    private SharedVersion? _seenKeys, _seenPolicy;

    /// <summary>
    /// Takes over what is in force, and of the gateway's file what the database does not have yet; that is published when the service starts.
    /// </summary>
    /// <exception cref="InvalidInputException">What the database holds cannot be read.</exception>
    public SharedSettings(ReplicaDatabase database, GatewaySettings settings, KeyRing keys)
    {
        (_database, _poll, _keys, _name, _own) = (database, settings.Replicas!.Poll, keys, settings.Replicas.Name, Bodies(settings));
        Dictionary<string, SharedVersion> inForce = database.Read();
        foreach ((string kind, string body) in _own) inForce.TryAdd(kind, new(0, body));
        Apply(inForce);
        if (_fault is { } fault) throw new InvalidInputException(fault);
    }

    /// <summary>Sets the log, which is made later than the policy is needed.</summary>
    public ILogger<SharedSettings> Log
    {
        set => _log = value;
    }

    public GuardPolicy Policy => _policy;

    /// <summary>Why the latest version is not in force here, or why it cannot be read; null where all is well.</summary>
    public string? Fault => _fault;

    /// <summary>The versions of the keys and the policy in force here.</summary>
    public (long Keys, long Policy) Versions => (_seenKeys?.Version ?? 0, _seenPolicy?.Version ?? 0);

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
                if (!isPublished) Compare(_database.Publish(_own, _name, onlyMissing: true));
                isPublished = true;
                await using NpgsqlConnection connection = await _database.ListenAsync(stoppingToken);
                while (true)
                {
                    Apply(_database.Read());
                    await connection.WaitAsync(_poll, stoppingToken);
                }
            }
            catch (Exception error) when (!stoppingToken.IsCancellationRequested)
            {
                Tell($"the database cannot be read ({error.GetType().Name}: {error.Message.ReplaceLineEndings(" ")})");
            }
            catch (OperationCanceledException)
            {
                return;
            }
            await Task.Delay(_poll < TimeSpan.FromSeconds(1) ? _poll : TimeSpan.FromSeconds(1), stoppingToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Compare(Dictionary<string, SharedVersion> inForce)
    {
        string[] others = [.. _own.Where(kind => inForce[kind.Key].Body != kind.Value).Select(kind => kind.Key)];
        if (others.Length > 0) LogUnpublished(string.Join(" and ", others));
    }

    // A version with faults leaves the one before it in force, as a changed policy file does.
    private void Apply(Dictionary<string, SharedVersion> versions)
    {
        string? fault = null;
        SharedVersion keys = versions[ReplicaDatabase.Keys], policy = versions[ReplicaDatabase.Policy];
        try
        {
            if (keys != _seenKeys) _keys.Replace(JsonSerializer.Deserialize<KeySettings[]>(keys.Body, Format) ?? []);
            _seenKeys = keys;
        }
        catch (JsonException error)
        {
            fault = $"version {keys.Version} of the keys cannot be read ({error.Message.ReplaceLineEndings(" ")})";
        }
        try
        {
            if (policy != _seenPolicy)
                _policy = policy.Body.Length == 0 ? GuardPolicy.Default : PolicyReader.Parse(policy.Body, $"version {policy.Version} of the policy");
            _seenPolicy = policy;
        }
        catch (InvalidInputException error)
        {
            fault = error.Message;
        }
        Tell(fault);
    }

    private void Tell(string? fault)
    {
        if (fault is not null && fault != _fault) LogFault(fault);
        _fault = fault;
    }

    [LoggerMessage(LogLevel.Warning,
        "This gateway's file has other {What} than the database; those of the database are in force ('serve --publish' changes them).")]
    private partial void LogUnpublished(string what);

    [LoggerMessage(LogLevel.Error, "Keys and policy stay as they are: {Fault}")]
    private partial void LogFault(string fault);
}
