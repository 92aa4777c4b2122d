using System.ClientModel;
using System.ClientModel.Primitives;
using Microsoft.Extensions.AI;
using OpenAI;
using SafeRlhfV.Guard;

namespace SafeRlhfV.Gateway;

/// <summary>Makes the gateway's moderator of its settings.</summary>
internal sealed class ModeratorFactory(GatewaySettings settings, GatewayParts parts, Func<GuardPolicy> policy) : IAsyncDisposable
{
    // Few and short: somebody waits, and the moderation's time limit ends it all.
    private readonly HttpClient _http = new(new RetryHandler(new() { Retries = 2, First = TimeSpan.FromMilliseconds(200) }, new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.FromMinutes(2) }, stops: false));
    private readonly List<IAsyncDisposable> _batching = [];
    private readonly List<IDisposable> _owned = [];

    /// <summary>The policy's own categories, then everything the settings name; gathered into batches and remembered as they say.</summary>
    public IModerator Create()
    {
        IModerator[] named = [.. settings.Moderators.Select(CreateOne)];
        if (named.Length > 0 && !named.Any(moderator => moderator.Judges(GuardSide.Prompt)))
            throw new InvalidInputException($"moderators: {string.Join(", ", named.Select(moderator => moderator.Name))} {(named.Length == 1 ? "judges" : "judge")} answers only; add a moderator that judges prompts, or train the guard with harmless and harmful prompts.");
        IModerator moderator = settings.IsCascade
            ? new CascadedModerator([.. named.Select(each => new CascadeStage(each))], settings.ModerationTimeout)
            : new ParallelModerator(named, settings.ModerationTimeout);
        if (settings.ModerationCache > 0) moderator = new CachedModerator(moderator, settings.ModerationCache);
        return new ParallelModerator([new PolicyPatternModerator(policy), moderator], settings.ModerationTimeout);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (IAsyncDisposable batching in _batching) await batching.DisposeAsync();
        foreach (IDisposable owned in _owned) owned.Dispose();
        _http.Dispose();
    }

    private IModerator CreateOne(ModeratorSettings one)
    {
        IModerator moderator = one.Kind switch
        {
            ModeratorKind.Patterns => new PatternModerator(
            [
                .. one.Keywords.Select(keyword => PatternRule.ForKeyword(one.Category, one.Severity, keyword)),
                .. one.Patterns.Select(pattern => PatternRule.ForPattern(one.Category, one.Severity, pattern)),
            ]),
            ModeratorKind.OpenAI => new OpenAIModerator(_http, one.Endpoint!, one.Key, one.Model),
            ModeratorKind.Judge => new ChatModerator(
                new OpenAIClient(new ApiKeyCredential(one.Key ?? "none"), new()
                {
                    Endpoint = one.Endpoint,
                    RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
                    Transport = new HttpClientPipelineTransport(_http),
                }).GetChatClient(one.Model).AsIChatClient(), policy().OwnCategories),
            _ => parts.OpenModerator(one.Checkpoint!),
        };
        if (moderator is IDisposable owned) _owned.Add(owned);
        if (settings.ModerationBatch == 1 || one.Kind != ModeratorKind.Local) return moderator;
        BatchingModerator gathered = new(moderator, settings.ModerationBatch, timeout: settings.ModerationTimeout);
        _batching.Add(gathered);
        return gathered;
    }
}
