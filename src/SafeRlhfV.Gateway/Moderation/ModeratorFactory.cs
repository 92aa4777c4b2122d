using System.ClientModel;
using System.ClientModel.Primitives;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Logging;
using OpenAI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Makes the gateway's moderator of its settings.</summary>
internal sealed partial class ModeratorFactory(GatewaySettings settings, Func<GuardPolicy> policy, Func<string, IChatClient> openCheckpoint,
    ILogger<ModeratorFactory> log) : IAsyncDisposable
{
    // Few and short retries: a caller waits, and the time limit of moderation stops them.
    private readonly HttpClient http =
        new(new RetryHandler(new() { Retries = 2, First = TimeSpan.FromMilliseconds(200) },
            new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(2) }, stops: false));
    private readonly List<IAsyncDisposable> batching = [];
    private readonly List<IDisposable> owned = [];
    private IModerator? all;

    /// <summary>The policy's own categories, then everything the settings name; gathered into batches and remembered as they say.</summary>
    public IModerator Create()
    {
        ModeratorParts lent = Lent();
        IModerator[] named = [.. settings.Moderators.Select(one => CreateOne(one, lent))];
        if (named.Length > 0 && !named.Any(moderator => moderator.Judges(GuardSide.Prompt)))
            throw new InvalidInputException($"moderators: {string.Join(", ", named.Select(moderator => moderator.Name))} "
                + $"{(named.Length == 1 ? "judges" : "judge")} answers only; add a moderator that judges prompts, or train the guard with harmless and "
                    + "harmful prompts.");
        if (named.Length > 0 && named.All(moderator => moderator is ImageTextModerator))
            throw new InvalidInputException($"moderators: {named[0].Name} reads the words in images alone; add a moderator that judges texts.");
        if (settings.Limits.Images > 0 && !named.Any(moderator => moderator.SeesImages)) LogBlind(string.Join(", ", named.Select(moderator => moderator.Name)));
        IModerator[] framed = [.. named.Select(Framed)];
        IModerator moderator = settings.IsCascade
            ? new CascadedModerator([.. framed.Select(each => new CascadeStage(each))], settings.ModerationTimeout)
            : new ParallelModerator(framed, settings.ModerationTimeout);
        return all = new ParallelModerator([new PolicyPatternModerator(policy), moderator], settings.ModerationTimeout).FailClosed(settings.ModerationTimeout);
    }

    /// <summary>Who looks for injections; null where the settings name nobody.</summary>
    public InjectionGuard? CreateInjection()
    {
        if (settings.Injection is not { } named) return null;
        ModeratorParts lent = Lent();
        IEnumerable<IInjectionJudge> judges =
        [
            .. named.Patterns is { } patterns ? (IInjectionJudge[])[patterns] : [],
            .. named.Judges.Select(judge => new ChatInjectionJudge(OpenChat(judge.Endpoint, judge.Model, judge.Key))),
            .. named.Moderators.Select(one => new ModeratorInjectionJudge(CreateOne(one, lent))),
        ];
        return new(judges) { Thresholds = named.Thresholds, Severity = named.Severity };
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable batching in batching) await batching.DisposeAsync();
        foreach (IDisposable owned in owned) owned.Dispose();
        http.Dispose();
    }

    private ModeratorParts Lent() => new(http, OpenChat)
    {
        OwnCategories = policy().OwnCategories,
        OpenCheckpoint = openCheckpoint,
        All = () => all ?? throw new InvalidOperationException("The moderators are not made yet."),
    };

    // Patterns read a text of any length in one piece: between two windows a word could be torn apart by signs that nobody sees.
    private IModerator Framed(IModerator one)
    {
        if (one is PatternModerator) return one;
        if (settings.ModerationCache > 0) one = new CachedModerator(one, settings.ModerationCache);
        return settings.ModerationWindow > 0 ? new WindowedModerator(one, settings.ModerationWindow, settings.ModerationWindow / 10) : one;
    }

    private IModerator CreateOne(ModeratorSettings one, ModeratorParts lent)
    {
        IModerator moderator = one.Open(lent);
        if (moderator is IDisposable owned) this.owned.Add(owned);
        if (settings.ModerationBatch == 1 || !one.IsLocal) return moderator;
        BatchingModerator gathered = new(moderator, settings.ModerationBatch, timeout: settings.ModerationTimeout);
        batching.Add(gathered);
        return gathered;
    }

    [LoggerMessage(LogLevel.Warning, "No moderator sees images ({Moderators}), but requests may hold them: they pass unjudged. Add a moderator that sees them, "
        + "or set limits.images to 0.")]
    private partial void LogBlind(string moderators);

    private IChatClient OpenChat(Uri endpoint, string model, string? key) => new OpenAIClient(new ApiKeyCredential(key ?? "none"), new()
    {
        Endpoint = endpoint,
        RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
        Transport = new HttpClientPipelineTransport(http),
    }).GetChatClient(model).AsIChatClient();
}
