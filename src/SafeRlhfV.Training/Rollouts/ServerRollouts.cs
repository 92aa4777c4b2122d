using System.Security.Cryptography;
using System.Text;
using SafeRlhfV.Objectives;
using SafeRlhfV.Processing;

namespace SafeRlhfV.Training;

/// <summary>
/// Samples a round's responses on inference servers over plain HTTP: the actor is published, each server answers some prompts that are compared with our own
/// pass, then all prompts are spread over the servers. Nothing of a reply is taken on trust: not the prompt's ids, the number of log-probabilities, or why a
/// response ended.
/// </summary>
internal sealed class ServerRollouts : IRolloutSource, IDisposable
{
    private const int ProbeTokens = 16, Redraws = 20;
    private const float MostLogProb = 1e-3f; // rounding may leave a certain token a little above 0
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(30);

    private readonly RolloutsRecipe recipe;
    private readonly RolloutSettings settings;
    private readonly SampleBatcher batcher;
    private readonly ServerPool pool;
    private readonly ServerProtocol protocol;
    private readonly RolloutProbe probe;
    private readonly RoundJournal<Rollout> journal;
    private readonly PolicyRole actor;
    private readonly string folder, serverFolder;
    private ActorPublisher? publisher;
    private (long Round, string Model)? ready;
    private IReadOnlyList<EncodedSample> probes = [];

    /// <summary>Opens nothing yet: a round whose rollouts are kept needs no server.</summary>
    /// <param name="recipe">The servers.</param>
    /// <param name="actor">The policy that answers.</param>
    /// <param name="reference">The frozen policy.</param>
    /// <param name="settings">How responses are sampled.</param>
    /// <param name="processor">The policy's tokenizer and chat format.</param>
    /// <param name="batcher">Puts prompts and responses side by side.</param>
    /// <param name="run">The run; its folder keeps the rollouts.</param>
    public ServerRollouts(RolloutsRecipe recipe, PolicyRole actor, IPolicy reference, RolloutSettings settings, ModelProcessor processor, SampleBatcher batcher,
        TrainingRun run)
    {
        (this.recipe, this.settings, this.batcher, this.actor) = (recipe, settings, batcher, actor);
        pool = recipe.Open("rollouts", recipe.Endpoints, run.Tell);
        protocol = recipe.Server == RolloutServer.Vllm ? new VllmProtocol(VllmProtocol.AddsSpecialTokens(processor))
            : new SglangProtocol(actor.Model.ImageTokenId);
        probe = new(actor, actor.Adapter is null ? null : reference, batcher, recipe.Tolerance(actor.Model.Decoder.Embedding.Weight.dtype));
        journal = new("rollouts", run.Folder, run.RecipeWithoutPlaces);
        // several runs may share a folder, and each clears up after itself alone
        string own = $"run-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Path.GetFullPath(run.Folder ?? Path.GetRandomFileName()))))[..12]}";
        folder = recipe.Folder.Length > 0 ? Path.GetFullPath(Path.Combine(recipe.Folder, own))
            : Path.GetFullPath(Path.Combine(run.Folder ?? Path.Combine(Path.GetTempPath(), own), "rollouts"));
        serverFolder = recipe.ServerFolder.Length > 0 ? $"{recipe.ServerFolder.TrimEnd('/')}/{own}" : "";
    }

    /// <inheritdoc/>
    public ImportanceOptions Weights => recipe.Weights;

    /// <inheritdoc/>
    public IReadOnlyList<Rollout> Sample(IReadOnlyList<EncodedSample> prompts, long round, int draw, CancellationToken cancellationToken)
    {
        if (journal.Read(round, draw, prompts) is { } kept) return kept;
        // a further draw is of the same actor; where the first came from the journal, or a draw failed, the servers do not have it
        if (draw == 0 || ready is not { } of || of.Round != round) ready = (round, Prepare(prompts, round, cancellationToken));
        string name = EpisodeSampler.StreamOf(round, draw), model = ready.Value.Model;
        Rollout[] rollouts = TaskResult.Of(AskAsync(pool, model, prompts, settings.MaxNewTokens, i => $"{name}/{i}", cancellationToken));
        journal.Write(round, draw, prompts, rollouts);
        return rollouts;
    }

    // gives the servers the actor as it is, and compares their numbers with our own
    private string Prepare(IReadOnlyList<EncodedSample> prompts, long round, CancellationToken cancellationToken)
    {
        pool.Revive();
        publisher ??= new(actor, pool, protocol, folder, serverFolder, TaskResult.Of(FindModelAsync(cancellationToken)));
        string model = TaskResult.Of(publisher.PublishAsync(round, cancellationToken));
        // the same rows every round: what a server kept of them under older weights would show
        if (probes.Count == 0) probes = [.. prompts.Take(recipe.ProbeRows)];
        foreach (ServerEndpoint endpoint in pool.Up) Probe(endpoint, model, round, cancellationToken);
        if (pool.Up.Count == 0) throw pool.NoneLeft();
        TaskResult.Of(publisher.RetireAsync(all: false, cancellationToken));
        return model;
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

    private void Probe(ServerEndpoint endpoint, string model, long round, CancellationToken cancellationToken)
    {
        ServerPool one = pool.Only(endpoint);
        int tokens = Math.Min(ProbeTokens, settings.MaxNewTokens);
        Rollout[] answers;
        try
        {
            answers = TaskResult.Of(AskAsync(one, model, probes, tokens, i => $"probe/{round}/{i}", cancellationToken));
        }
        catch (ServiceException) when (endpoint.Down is not null)
        {
            return;
        }
        probe.Check(endpoint.Address, probes, answers, settings.Temperature);
    }

    private async Task<Rollout[]> AskAsync(ServerPool servers, string model, IReadOnlyList<EncodedSample> prompts, int tokens, Func<int, string> stream,
        CancellationToken cancellationToken)
    {
        SentMessages sent = new();
        IReadOnlyList<ServerMessage>[] messages = [.. prompts.Select(prompt => sent.Of(prompt.SentRow))];
        Rollout[] rollouts = new Rollout[prompts.Count];
        int[] open = [.. Enumerable.Range(0, prompts.Count)];
        for (int draw = 0; open.Length > 0; draw++)
        {
            if (draw == Redraws) throw Refuse(prompts[open[0]], $"{Redraws} responses in a row hold the image token; the policy is no chat model");
            int[] asked = open;
            string again = draw == 0 ? "" : $"/{draw}";
            ServerCall Call(int i) => protocol.Sample(model,
                new(prompts[i].Prompt, messages[i], SeedOf(settings.Seed, stream(i) + again), tokens, settings.Temperature), recipe.Stream);
            Rollout[] drawn = await servers.AskAllAsync(asked.Length, at => Call(asked[at]), (at, reply) => Read(prompts[asked[at]], reply, tokens),
                cancellationToken).ConfigureAwait(false);
            for (int at = 0; at < asked.Length; at++) rollouts[asked[at]] = drawn[at];
            // our own sampling never draws it, for a second pass could not tell it from an image
            open = [.. asked.Where(i => rollouts[i].Response.Contains(actor.Model.ImageTokenId))];
        }
        return rollouts;
    }

    /// <summary>Reads one reply and looks at everything in it that can be known.</summary>
    private Rollout Read(EncodedSample prompt, ServerReply reply, int tokens)
    {
        if (protocol.ReadSample(reply) is not [var answer]) throw new FormatException("the reply has not one answer");
        if (answer.Finish is not ("stop" or "length")) throw new FormatException($"the response ended by '{answer.Finish}'");
        if (Fault(prompt, answer, tokens) is { } fault) throw Refuse(prompt, fault);
        return new Rollout(answer.Ids, answer.LogProbs, IsEnd(answer.Ids[^1]));
    }

    private string? Fault(EncodedSample prompt, RolloutReply answer, int tokens)
    {
        if (answer.Prompt.Length == 0) return "the server does not return prompt_token_ids, the ids that it gave its model; take a newer version of it";
        if (!protocol.IsSamePrompt(answer.Prompt, prompt.Prompt, actor.Model.ImageTokenId)) return PromptDifference.Words(answer.Prompt, prompt.Prompt);
        (int[] ids, float[] logProbs) = (answer.Ids, answer.LogProbs);
        if (ids.Length == 0) return "the server sampled no token, or does not return token ids";
        if (logProbs.Length != ids.Length) return $"the response has {ids.Length} tokens and {logProbs.Length} log-probabilities";
        if (logProbs.Any(one => !float.IsFinite(one) || one > MostLogProb)) return "a log-probability is not the logarithm of a probability";
        const string EndTokens = "; its generation_config.json names other end tokens than ours";
        if (ids.SkipLast(1).Any(IsEnd)) return $"the response goes on after an end token{EndTokens}";
        bool ended = IsEnd(ids[^1]);
        if (answer.Finish == "stop" && !ended) return $"the server ended the response at token {ids[^1]}, which is no end token here{EndTokens}";
        return ended || ids.Length == tokens ? null
            : $"the response was cut at {ids.Length} of {tokens} tokens; start the server with a larger context (--max-model-len)";
    }

    private bool IsEnd(int id) => batcher.EosTokenIds.Contains(id);

    private static ServiceException Refuse(EncodedSample prompt, string what) =>
        new($"rollouts: the round is refused at {prompt.Place}: {what}.");

    private async Task<string> FindModelAsync(CancellationToken cancellationToken)
    {
        if (recipe.Server == RolloutServer.Sglang) return ""; // requests name adapters alone
        if (recipe.Model.Length > 0) return recipe.Model;
        return (await pool.AskAllAsync([ServerProtocol.Models], (_, reply) => ServerProtocol.ReadModelName(reply), cancellationToken).ConfigureAwait(false))[0];
    }
}
