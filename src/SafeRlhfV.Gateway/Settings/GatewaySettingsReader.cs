using System.Globalization;
using SafeRlhfV.Audit;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Reads a gateway's YAML file. Secrets stand in environment variables that the file names.</summary>
public static class GatewaySettingsReader
{
    /// <summary>
    /// Reads a file; paths in it are relative to it. Environment variables that begin with SAFERLHFV_GATEWAY__ replace its values:
    /// SAFERLHFV_GATEWAY__LIMITS__CONCURRENCY=100 is limits.concurrency. Others that begin with SAFERLHFV_GATEWAY are refused.
    /// </summary>
    /// <exception cref="InvalidInputException">The file cannot be read or has faults; all of them are named with their lines.</exception>
    public static GatewaySettings Load(string path)
    {
        if (!File.Exists(path)) throw new InvalidInputException($"{path}: no such file; give the path of a gateway file, such as recipes/gateway.yaml.");
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return DiskErrors.Reading(path, () =>
        {
            string yaml = File.ReadAllText(path);
            return Parse(yaml, path, folder, EnvironmentSettings.Of(Environment.GetEnvironmentVariables(), yaml));
        }, "give the path of a gateway file") with
        { File = path };
    }

    /// <summary>Reads a text.</summary>
    /// <param name="yaml">The text.</param>
    /// <param name="source">What to call it in messages.</param>
    /// <param name="folder">What paths in it are relative to.</param>
    /// <param name="sets">Values that replace those of the text.</param>
    /// <exception cref="InvalidInputException">It has faults; all of them are named with their lines.</exception>
    public static GatewaySettings Parse(string yaml, string source = "gateway", string folder = ".", IReadOnlyList<YamlSet>? sets = null) =>
        YamlSection.Read(yaml, source, section => Read(section, folder), sets ?? []);

    private static GatewaySettings Read(YamlSection section, string folder)
    {
        UpstreamSettings[] upstreams = [.. section.Sections("upstreams").Select(upstream => ReadUpstream(upstream, folder))];
        if (upstreams.Length == 0) section.Fault("upstreams", "name at least one upstream");
        HashSet<string> names = [];
        foreach (UpstreamSettings upstream in upstreams)
            if (upstream.Name.Length > 0 && !names.Add(upstream.Name)) section.Fault("upstreams", $"the name {upstream.Name} is taken");
        ModelSettings[] models = [.. section.Sections("models").Select(model => ReadModel(model, names))];
        if (models.Length == 0) section.Fault("models", "name at least one model");
        if (models.Select(model => model.Name).Distinct().Count() < models.Length) section.Fault("models", "a name is there twice");
        IReadOnlyList<YamlSection> named = section.Sections("moderators");
        ModeratorSettings[] moderators = [.. named.Select(moderator => ModeratorKinds.Read(moderator, folder)).OfType<ModeratorSettings>()];
        if (named.Count == 0) section.Fault("moderators", "name at least one moderator");
        KeySettings[] keys = [.. section.Sections("keys").Select(ReadKey)];
        if (keys.Length == 0) section.Fault("keys", "name at least one key; 'safe-rlhf-v serve --new-key NAME' makes one");
        if (keys.Select(key => key.Hash).Distinct().Count() < keys.Length) section.Fault("keys", "a hash is there twice");

        GatewaySettings standard = new();
        string? trail = section.Section("audit") is { } audit ? ReadAuditTrail(audit, folder) : null;
        ReplicaSettings? replicas = section.Section("replicas") is { } shared ? ReadReplicas(shared) : null;
        if (replicas is not null && trail?.StartsWith(ReplicaDatabase.Scheme, StringComparison.Ordinal) != true)
            section.Fault("replicas", "several gateways share a PostgreSQL: give audit.trail or audit.trail_env as postgres:CONNECTION STRING");
        AuditSettings recorded = section.Section("audit") is { } settings ? ReadAudit(settings, folder) : standard.Audit;
        return standard with
        {
            Listen = ListenSection.ReadListen(section, standard.Listen),
            Tls = ListenSection.ReadTls(section, folder),
            TrustedProxies = WebSection.ReadProxies(section),
            CorsOrigins = WebSection.ReadOrigins(section),
            Policy = section.Text("policy") is { } policy ? Path.Combine(folder, policy) : null,
            ShadowPolicy = section.Text("shadow_policy") is { } shadowed ? Path.Combine(folder, shadowed) : null,
            Moderators = moderators,
            IsCascade = section.Choice("moderators_mode", ("parallel", false), ("cascade", true)) ?? false,
            ModerationTimeout = section.Duration("moderation_timeout") ?? standard.ModerationTimeout,
            ModerationBatch = section.Whole("moderation_batch", 1, 1024) ?? standard.ModerationBatch,
            ModerationWindow = ReadWindow(section) ?? standard.ModerationWindow,
            ModerationCache = section.Whole("moderation_cache", 0, 10_000_000) ?? standard.ModerationCache,
            Models = models,
            Upstreams = upstreams,
            Keys = keys,
            Limits = section.Section("limits") is { } limits ? ReadLimits(limits) : standard.Limits,
            Release = section.Section("stream") is { } stream ? ReadRelease(stream) : standard.Release,
            CheckToolResults = section.Flag("check_tool_results") ?? standard.CheckToolResults,
            Injection = section.Section("injection") is { } injection ? InjectionSettings.Read(injection, folder) : null,
            AllowFields = ReadAllowed(section),
            HostedTools = section.Texts("hosted_tools"),
            Responses = section.Section("responses") is { } responses ? ReadResponses(responses) : standard.Responses,
            Otlp = section.Section("telemetry")?.Section("otlp") is { } otlp ? ReadOtlp(otlp) : null,
            Replicas = replicas,
            Shutdown = ReadShutdown(section.Section("shutdown"), replicas is not null),
            AuditTrail = trail,
            Audit = replicas is null ? recorded : recorded with { Chain = replicas.Name },
        };
    }

    private static IReadOnlyList<string> ReadAllowed(YamlSection section)
    {
        IReadOnlyList<string> paths = section.Texts("allow_fields");
        foreach (string path in paths)
            if (RequestFields.All.FirstOrDefault(field => field.IsNamed(path)) is { } known
                && (known.Path != path || (known.Use != FieldUse.Refused && path != "tools[].type")))
                section.Fault("allow_fields", known.Path == path ? $"'{path}' is not refused" : $"'{path}' must be written '{known.Path}'");
        return paths;
    }

    private static UpstreamSettings ReadUpstream(YamlSection section, string folder)
    {
        UpstreamSettings standard = new() { Name = section.Required("name") };
        Uri? endpoint = section.Address("endpoint");
        string? checkpoint = section.Text("checkpoint");
        if (endpoint is null == checkpoint is null) section.Fault(null, "give either an endpoint or a checkpoint");
        ControlTokenUse? tokens = section.Choice("control_tokens", ("neutralise", ControlTokenUse.Neutralise), ("refuse", ControlTokenUse.Refuse),
            ("pass", ControlTokenUse.Pass));
        if (checkpoint is not null && tokens == ControlTokenUse.Pass)
            section.Fault("control_tokens", "a checkpoint here reads a caller's text as text; neutralise or refuse");
        return standard with
        {
            Endpoint = endpoint,
            Checkpoint = checkpoint is null ? null : Path.Combine(folder, checkpoint),
            Key = section.Secret("key", folder),
            KeyHeader = section.Text("key_header"),
            Model = section.Text("model"),
            Timeout = section.Duration("timeout") ?? standard.Timeout,
            IdleTimeout = section.Duration("idle_timeout") ?? standard.IdleTimeout,
            Retries = section.Whole("retries", 0, 10) ?? standard.Retries,
            Break = section.Duration("break") ?? standard.Break,
            ControlTokens = tokens ?? (endpoint?.Scheme == "https" ? ControlTokenUse.Pass : ControlTokenUse.Neutralise),
            DropsUnknownFields = section.Choice("unknown_fields", ("pass", false), ("drop", true)) ?? standard.DropsUnknownFields,
        };
    }

    private static ModelSettings ReadModel(YamlSection section, HashSet<string> upstreams)
    {
        ModelSettings model = new(section.Required("name"), section.Texts("upstreams"));
        if (model.Upstreams.Count == 0) section.Fault("upstreams", "name at least one upstream");
        foreach (string name in model.Upstreams)
            if (!upstreams.Contains(name)) section.Fault("upstreams", $"there is no upstream '{name}'");
        YamlSection? check = section.Section("check");
        return model with
        {
            ChecksSystem = check?.Flag("system") ?? model.ChecksSystem,
            HistoryTurns = check is null ? model.HistoryTurns : ReadHistory(check),
            Parallel = section.Flag("parallel") ?? model.Parallel,
        };
    }

    private static int? ReadHistory(YamlSection section)
    {
        string? history = section.Text("history");
        if (history is null or "all") return null;
        if (history == "new") return 1;
        if (int.TryParse(history, NumberStyles.None, CultureInfo.InvariantCulture, out int turns) && turns > 0) return turns;
        section.Fault("history", $"'{history}' must be all, new, or how many user turns are judged");
        return null;
    }

    private static KeySettings ReadKey(YamlSection section)
    {
        string hash = section.Required("hash");
        if (hash.Length > 0 && (hash.Length != 64 || !hash.All(char.IsAsciiHexDigit)))
            section.Fault("hash", "must be the key's SHA-256, 64 hexadecimal digits");
        DateTimeOffset? expires = null;
        if (section.Text("expires") is { } text)
        {
            if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)) expires = time;
            else section.Fault("expires", $"'{text}' must be a date such as 2027-01-31");
        }
        return new()
        {
            Name = section.Required("name"),
            Hash = hash.ToLowerInvariant(),
            Role = section.Text("role") ?? "user",
            RequestsPerMinute = section.Whole("requests_per_minute", 1, int.MaxValue),
            TokensPerMinute = section.Whole("tokens_per_minute", 1, int.MaxValue),
            Models = section.Texts("models"),
            Expires = expires,
        };
    }

    private static LimitSettings ReadLimits(YamlSection section)
    {
        LimitSettings standard = new();
        return new()
        {
            BodyBytes = section.Whole("body_bytes", 1024, int.MaxValue) ?? standard.BodyBytes,
            AnswerCharacters = section.Whole("answer_characters", 1000, 100_000_000) ?? standard.AnswerCharacters,
            Messages = section.Whole("messages", 1, 1_000_000) ?? standard.Messages,
            Inputs = section.Whole("inputs", 1, 1_000_000) ?? standard.Inputs,
            Images = section.Whole("images", 0, 1000) ?? standard.Images,
            ImageBytes = section.Whole("image_bytes", 1024, int.MaxValue) ?? standard.ImageBytes,
            ImagePixels = section.Whole("image_pixels", 1, int.MaxValue) ?? standard.ImagePixels,
            RequestPixels = section.Whole("request_pixels", 1, int.MaxValue) ?? standard.RequestPixels,
            ImageFrames = section.Whole("image_frames", 1, 10_000) ?? standard.ImageFrames,
            Animations = section.Choice("animations", ("judge", ImageUse.Judge), ("refuse", ImageUse.Refuse)) ?? standard.Animations,
            Transparency = section.Choice("transparency", ("judge", ImageUse.Judge), ("refuse", ImageUse.Refuse)) ?? standard.Transparency,
            ImageUrls = section.Flag("image_urls") ?? standard.ImageUrls,
            ImageTimeout = section.Duration("image_timeout") ?? standard.ImageTimeout,
            Concurrency = section.Whole("concurrency", 1, 1_000_000) ?? standard.Concurrency,
        };
    }

    private static ResponseSettings ReadResponses(YamlSection section)
    {
        ResponseSettings standard = new();
        return new()
        {
            StoreBytes = section.Whole("store_bytes", 0, int.MaxValue) ?? standard.StoreBytes,
            StoreTime = section.Duration("store_time") ?? standard.StoreTime,
        };
    }

    private static StreamRelease ReadRelease(YamlSection section)
    {
        StreamStep step = section.Choice("release", ("sentence", StreamStep.Sentence), ("window", StreamStep.Window), ("whole", StreamStep.Whole))
            ?? StreamStep.Sentence;
        int? characters = section.Whole("window_characters", 1, 100_000), holdBack = section.Whole("hold_back_characters", 0, 100_000);
        return step switch
        {
            StreamStep.Whole => StreamRelease.Whole,
            StreamStep.Window => StreamRelease.Windows(characters ?? 200, holdBack ?? 80),
            _ => StreamRelease.Sentences(holdBack ?? 0),
        };
    }

    private static OtlpSettings ReadOtlp(YamlSection section)
    {
        OtlpSettings standard = new() { Endpoint = section.NeedAddress("endpoint") };
        return standard with
        {
            Traces = section.Address("traces"),
            Interval = Within("interval") ?? standard.Interval,
            Timeout = Within("timeout") ?? standard.Timeout,
        };

        TimeSpan? Within(string key)
        {
            if (section.Duration(key) is not { } duration) return null;
            if (duration > TimeSpan.FromDays(1)) section.Fault(key, "must be at most a day");
            return duration;
        }
    }

    private static ReplicaSettings ReadReplicas(YamlSection section)
    {
        ReplicaSettings standard = new();
        string name = section.Text("name") ?? standard.Name;
        if (!AuditChains.IsName(name)) section.Fault("name", $"'{name}' must be letters, digits, '.', '_' or '-', and not '{AuditChains.Anchors}'");
        TimeSpan lease = section.Duration("lease") ?? standard.Lease;
        if (lease > TimeSpan.FromMinutes(1)) section.Fault("lease", "must be at most a minute, which is what a limit holds");
        return new()
        {
            Name = name,
            Lease = lease,
            Poll = section.Duration("poll") ?? standard.Poll,
            Anchor = section.Duration("anchor") ?? standard.Anchor,
        };
    }

    private static ShutdownSettings ReadShutdown(YamlSection? section, bool hasReplicas)
    {
        ShutdownSettings standard = hasReplicas ? ShutdownSettings.OfReplicas : new();
        return new() { Drain = section?.Duration("drain") ?? standard.Drain, Finish = section?.Duration("finish") ?? standard.Finish };
    }

    private static string ReadAuditTrail(YamlSection section, string folder)
    {
        string? secret = section.Has("trail_env") || section.Has("trail_file") ? section.Secret("trail", folder) ?? "" : null;
        string address = section.Text("trail") ?? secret ?? "";
        if (secret is not null) address = secret;
        if (address.StartsWith("sqlite:", StringComparison.Ordinal)) return "sqlite:" + Path.Combine(folder, address[7..]);
        if (!address.StartsWith(ReplicaDatabase.Scheme, StringComparison.Ordinal))
            section.Fault(secret is null ? "trail" : section.Has("trail_env") ? "trail_env" : "trail_file", "give sqlite:PATH or postgres:CONNECTION STRING");
        return address;
    }

    private static AuditSigner? ReadSigner(YamlSection section, string folder)
    {
        if (section.Secret("signing_key", folder) is not { } secret) return null;
        try
        {
            return AuditSigner.Parse(secret, "the settings");
        }
        catch (InvalidInputException error)
        {
            section.Fault(section.Has("signing_key_file") ? "signing_key_file" : "signing_key_env", error.Message.TrimEnd('.'));
            return null;
        }
    }

    private static AuditSettings ReadAudit(YamlSection section, string folder)
    {
        (string, ContentKeeping)[] texts = [("hash", ContentKeeping.Hash), ("redact", ContentKeeping.Redact), ("keep", ContentKeeping.Keep)];
        AuditSettings standard = new();
        byte[]? key = null;
        if (section.Secret("key", folder) is { } secret)
        {
            try
            {
                key = GuardKey.Of(secret, "the settings");
            }
            catch (InvalidInputException error)
            {
                section.Fault("key_env", error.Message.TrimEnd('.'));
            }
        }
        TimeSpan? recordRetention = section.Duration("record_retention"), floor = section.Duration("retention_floor");
        if (recordRetention < floor) section.Fault("record_retention", "must not be shorter than retention_floor");
        return new()
        {
            Texts = section.Choice("texts", texts) ?? standard.Texts,
            Images = section.Choice("images", texts[0], texts[2]) ?? standard.Images,
            Key = key,
            Signer = ReadSigner(section, folder),
            CheckpointEvery = section.Duration("checkpoint_every") ?? standard.CheckpointEvery,
            RecordRetention = recordRetention,
            RetentionFloor = floor,
            ContentRetention = section.Duration("content_retention"),
            Timeout = section.Duration("timeout") ?? standard.Timeout,
        };
    }

    // What is longer than the overlap of two windows can stand in neither.
    private static int? ReadWindow(YamlSection section)
    {
        int? window = section.Whole("moderation_window", 0, 10_000_000);
        if (window is > 0 and < 1000) section.Fault("moderation_window", $"'{window}' must be 0 (texts are judged whole) or at least 1000");
        return window;
    }
}
