using SafeRlhfV.Data;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Training;

/// <summary>
/// Samples a round's responses on inference servers over plain HTTP: the actor is published, each server answers some prompts that are compared with our own pass, then all
/// prompts are spread over the servers. Nothing of a reply is taken on trust: not the prompt's ids, the number of log-probabilities, or why a response ended.
/// </summary>
internal sealed class ServerRollouts : IRolloutSource, IDisposable
{
    private const int ProbeTokens = 16, Redraws = 20;
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(30);

    private readonly RolloutsRecipe recipe;
    private readonly PpoSettings settings;
    private readonly SampleBatcher batcher;
    private readonly ServerPool pool;
    private readonly ServerProtocol protocol;
    private readonly RolloutProbe probe;
    private readonly RolloutJournal journal;
    private readonly PolicyRole actor;
    private readonly string folder;
    private ActorPublisher? publisher;
    private IReadOnlyList<EncodedSample> probes = [];

    /// <summary>Opens nothing yet: a round whose rollouts are kept needs no server.</summary>
    /// <param name="recipe">The servers.</param>
    /// <param name="roles">Actor and reference.</param>
    /// <param name="settings">How responses are sampled.</param>
    /// <param name="processor">The policy's tokenizer and chat format.</param>
    /// <param name="batcher">Puts prompts and responses side by side.</param>
    /// <param name="run">The run; its folder keeps the rollouts.</param>
    public ServerRollouts(RolloutsRecipe recipe, PpoRoles roles, PpoSettings settings, ModelProcessor processor, SampleBatcher batcher, TrainingRun run)
    {
        (this.recipe, this.settings, this.batcher, actor) = (recipe, settings, batcher, roles.Actor);
        TimeSpan timeout = TimeSpan.FromSeconds(recipe.TimeoutSeconds);
        pool = new([.. recipe.Endpoints.Distinct().Select(address => new ServerEndpoint(address, recipe.Key, timeout))], new ServiceRetry { Retries = recipe.Retries }, recipe.Concurrency, run.Tell);
        protocol = recipe.Server == RolloutServer.Vllm ? new VllmProtocol(AddsSpecialTokens(processor)) : new SglangProtocol(actor.Model.ImageTokenId);
        probe = new(roles.Actor, actor.Adapter is null ? null : roles.Reference, batcher, recipe.Tolerance(actor.Model.Decoder.Embedding.Weight.dtype));
        journal = new(run.Folder, run.RecipeYaml);
        folder = Path.GetFullPath(recipe.Folder.Length > 0 ? recipe.Folder : Path.Combine(run.Folder ?? Path.GetTempPath(), "rollouts"));
    }

    /// <inheritdoc/>
    public double WeightCap => recipe.WeightCap;

    /// <inheritdoc/>
    public IReadOnlyList<Rollout> Sample(IReadOnlyList<EncodedSample> prompts, long round, CancellationToken cancel)
    {
        if (journal.Read(round, prompts) is { } kept) return kept;
        pool.Revive();
        publisher ??= new(actor, pool, protocol, folder, recipe.ServerFolder, TaskResult.Of(FindModelAsync(cancel)));
        string model = TaskResult.Of(publisher.PublishAsync(round, cancel));
        // the same rows every round: what a server kept of them under older weights would show
        if (probes.Count == 0) probes = [.. prompts.Take(recipe.ProbeRows)];
        foreach (ServerEndpoint endpoint in pool.Up) Probe(endpoint, model, round, cancel);
        if (pool.Up.Count == 0) throw pool.NoneLeft();
        TaskResult.Of(publisher.RetireAsync(all: false, cancel));
        Rollout[] rollouts = TaskResult.Of(AskAsync(pool, model, prompts, settings.MaxNewTokens, i => $"rollout/{round}/{i}", cancel));
        journal.Write(round, prompts, rollouts);
        return rollouts;
    }

    /// <summary>The seed that a server is given for a row, or for a stream of another name.</summary>
    internal static long SeedOf(long seed, string name) => (long)(new RandomStream(seed, name).NextUInt64() >> 1);

    /// <summary>Unloads what is loaded, and deletes what was written for the servers.</summary>
    public void Dispose()
    {
        using CancellationTokenSource limit = new(Farewell);
        try
        {
            if (publisher is not null) TaskResult.Of(publisher.RetireAsync(all: true, limit.Token));
        }
        catch (OperationCanceledException)
        {
            // a server hangs; what it still holds is unloaded by the next process of this run
        }
        pool.Dispose();
    }

    private void Probe(ServerEndpoint endpoint, string model, long round, CancellationToken cancel)
    {
        ServerPool one = pool.Only(endpoint);
        int tokens = Math.Min(ProbeTokens, settings.MaxNewTokens);
        Rollout[] answers;
        try
        {
            answers = TaskResult.Of(AskAsync(one, model, probes, tokens, i => $"probe/{round}/{i}", cancel));
        }
        catch (InvalidInputException) when (endpoint.Down is not null)
        {
            return;
        }
        probe.Check(endpoint.Address, probes, answers, settings.Temperature);
    }

    private async Task<Rollout[]> AskAsync(ServerPool servers, string model, IReadOnlyList<EncodedSample> prompts, int tokens, Func<int, string> stream, CancellationToken cancel)
    {
        IReadOnlyList<ServerMessage>[] messages = [.. prompts.Select(prompt => ServerMessage.Of(RowOf(prompt)))];
        Rollout[] rollouts = new Rollout[prompts.Count];
        int[] open = [.. Enumerable.Range(0, prompts.Count)];
        for (int draw = 0; open.Length > 0; draw++)
        {
            if (draw == Redraws) throw new InvalidInputException($"rollouts: {RowOf(prompts[open[0]]).Source.File}: row {RowOf(prompts[open[0]]).Source.Row}: {Redraws} responses in a row hold the image token; the policy is no chat model, or the server serves another.");
            ServerCall[] calls = [.. open.Select(i => protocol.Sample(model, new(prompts[i].Prompt, messages[i],
                SeedOf(settings.Seed, draw == 0 ? stream(i) : $"{stream(i)}/{draw}"), tokens, settings.Temperature), recipe.Stream))];
            int[] asked = open;
            Rollout[] drawn = await servers.AskAllAsync(calls, (at, reply) => Read(prompts[asked[at]], reply, tokens), cancel).ConfigureAwait(false);
            for (int at = 0; at < asked.Length; at++) rollouts[asked[at]] = drawn[at];
            // our own sampling never draws it, for a second pass could not tell it from a picture
            open = [.. asked.Where(i => rollouts[i].Response.Contains(actor.Model.ImageTokenId))];
        }
        return rollouts;
    }

    /// <summary>Reads one reply and looks at everything in it that can be known.</summary>
    private Rollout Read(EncodedSample prompt, ServerReply reply, int tokens)
    {
        if (protocol.ReadSample(reply) is not [var answer]) throw new FormatException("the reply has not one answer");
        if (answer.Finish is not ("stop" or "length")) throw new FormatException($"the response ended by '{answer.Finish}'");
        ConversationRecord row = RowOf(prompt);
        InvalidInputException Refuse(string what) => new($"rollouts: the round is refused at {row.Source.File}: row {row.Source.Row}: {what}.");
        if (answer.Prompt.Length == 0) throw Refuse("the server does not say what ids it gave its model (prompt_token_ids); take a newer version of it");
        if (!protocol.IsSamePrompt(answer.Prompt, prompt.Prompt, actor.Model.ImageTokenId)) throw Refuse(Difference(answer.Prompt, prompt.Prompt));
        if (answer.Ids.Length == 0) throw Refuse("the server sampled no token, or does not return token ids");
        if (answer.LogProbs.Length != answer.Ids.Length) throw Refuse($"the response has {answer.Ids.Length} tokens and {answer.LogProbs.Length} log-probabilities");
        if (answer.LogProbs.Any(logProb => !float.IsFinite(logProb) || logProb > 1e-3f)) throw Refuse("a log-probability is no logarithm of a probability");
        bool ended = batcher.EosTokenIds.Contains(answer.Ids[^1]);
        if (answer.Ids.SkipLast(1).Any(batcher.EosTokenIds.Contains)) throw Refuse("the response goes on after an end token; the server's generation_config.json names other end tokens than ours");
        if (answer.Finish == "stop" && !ended) throw Refuse($"the server ended the response at token {answer.Ids[^1]}, which is no end token here; its generation_config.json names others");
        if (!ended && answer.Ids.Length != tokens) throw Refuse($"the response was cut at {answer.Ids.Length} of {tokens} tokens; start the server with a larger context (--max-model-len)");
        return new Rollout(answer.Ids, answer.LogProbs, ended);
    }

    private static string Difference(int[] served, int[] own)
    {
        int at = served.AsSpan().CommonPrefixLength(own);
        return $"the server's prompt differs from ours at token {at} ({(at < served.Length ? served[at] : "its end")} there, {(at < own.Length ? own[at] : "its end")} here; {served.Length} and {own.Length} tokens): "
            + "another chat template or image size, or the text holds a special token, which servers read as one";
    }

    private async Task<string> FindModelAsync(CancellationToken cancel)
    {
        if (recipe.Server == RolloutServer.Sglang) return ""; // requests name adapters alone
        if (recipe.Model.Length > 0) return recipe.Model;
        return (await pool.AskAllAsync([ServerProtocol.Models], (_, reply) => ServerProtocol.ReadModelName(reply), cancel).ConfigureAwait(false))[0];
    }

    private static ConversationRecord RowOf(EncodedSample prompt) => prompt.Row ?? throw new InvalidOperationException("A prompt for a server has its row.");

    // as ModelProcessor decides it for our own prompts
    private static bool AddsSpecialTokens(ModelProcessor processor)
    {
        bool isWritten = processor.Chat.BeginToken is { Length: > 0 } begin && processor.EncodePrompt("a", null).Text.StartsWith(begin, StringComparison.Ordinal);
        return !isWritten && processor.Tokenizer.Encode("a").Count != processor.Tokenizer.Encode("a", addSpecialTokens: false).Count;
    }
}
