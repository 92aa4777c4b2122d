using System.Globalization;

namespace SafeRlhfV.Training;

/// <summary>
/// The servers of one score model. None is used before its scores of the probe rows were compared with our own; one that was left out is compared again, for
/// it may have been started with another model.
/// </summary>
internal sealed class ScoreService : IDisposable
{
    private const string Hint = "docs/scale.md says how to start a server";

    private readonly string section, folder;
    private readonly ScoreServerRecipe servers;
    private readonly double tolerance;
    private readonly int outputs;
    private readonly bool addsSpecialTokens;
    private readonly Action<string> tell;
    private readonly ServerPool pool;
    private readonly HashSet<ServerEndpoint> known = [];
    private string model = "";

    /// <summary>Opens nothing yet.</summary>
    /// <param name="section">The recipe's section that names the servers, such as scoring.reward.</param>
    /// <param name="folder">The folder of the model that they serve.</param>
    /// <param name="servers">The servers.</param>
    /// <param name="scoring">How they are asked.</param>
    /// <param name="tolerance">The largest difference of a score that is allowed.</param>
    /// <param name="outputs">Scores of each text.</param>
    /// <param name="addsSpecialTokens">As of <see cref="VllmProtocol"/>.</param>
    /// <param name="tell">Hears what a person should know.</param>
    public ScoreService(string section, string folder, ScoreServerRecipe servers, ScoringRecipe scoring, double tolerance, int outputs,
        bool addsSpecialTokens, Action<string> tell)
    {
        (this.section, this.folder, this.servers, this.tolerance, this.outputs) = (section, folder, servers, tolerance, outputs);
        (this.addsSpecialTokens, this.tell) = (addsSpecialTokens, tell);
        pool = scoring.Open(section, servers.Endpoints, tell);
    }

    /// <summary>Asks servers again that were left out, and compares those that are not known yet with our own model.</summary>
    /// <returns>How many servers there are to ask.</returns>
    /// <exception cref="InvalidInputException">A server's tokens or scores are not our own.</exception>
    /// <exception cref="ServiceException">No server is left, or what it says are no scores.</exception>
    public async Task<int> PrepareAsync(IReadOnlyList<ScoreProbe> probes, CancellationToken cancellationToken)
    {
        known.RemoveWhere(endpoint => endpoint.Down is not null);
        pool.Revive();
        if (model.Length == 0) model = servers.Model.Length > 0 ? servers.Model : (await pool.AskAllAsync([ServerProtocol.Models],
            (_, reply) => ServerProtocol.ReadModelName(reply), cancellationToken).ConfigureAwait(false))[0];
        foreach (ServerEndpoint endpoint in pool.Up.Where(endpoint => !known.Contains(endpoint)))
            if (await IsOurModelAsync(endpoint, probes, cancellationToken).ConfigureAwait(false)) known.Add(endpoint);
        return pool.Up.Count is > 0 and int up ? up : throw pool.NoneLeft();
    }

    /// <summary>The scores of texts, in their order.</summary>
    /// <exception cref="ServiceException">A text was refused, no server is left, or what came back are no scores.</exception>
    public Task<float[][]> ScoreAsync(IReadOnlyList<EncodedSample> samples, IReadOnlyList<ScoreText> texts, CancellationToken cancellationToken) =>
        AskAsync(pool, samples, texts, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => pool.Dispose();

    private Task<float[][]> AskAsync(ServerPool some, IReadOnlyList<EncodedSample> samples, IReadOnlyList<ScoreText> texts,
        CancellationToken cancellationToken) => some.AskAllAsync(texts.Count, at => texts[at].Call(model, addsSpecialTokens),
            (at, reply) => Read(samples[at], texts[at], reply), cancellationToken);

    // false = it cannot be reached, and is left out
    private async Task<bool> IsOurModelAsync(ServerEndpoint endpoint, IReadOnlyList<ScoreProbe> probes, CancellationToken cancellationToken)
    {
        ServerPool one = pool.Only(endpoint);
        float[][] served;
        try
        {
            await CheckPromptsAsync(one, endpoint, [.. probes.Where(probe => probe.Text.Messages.Count > 0)], cancellationToken).ConfigureAwait(false);
            served = await AskAsync(one, [.. probes.Select(probe => probe.Sample)], [.. probes.Select(probe => probe.Text)], cancellationToken)
                .ConfigureAwait(false);
        }
        catch (ServiceException) when (endpoint.Down is not null)
        {
            return false;
        }
        foreach ((ScoreProbe probe, float[] scores) in probes.Zip(served))
            for (int i = 0; i < outputs; i++)
                if (!(Math.Abs((double)scores[i] - probe.Own[i]) <= tolerance)) throw Differs(endpoint, probe.Sample, scores[i], probe.Own[i]);
        return true;
    }

    private InvalidInputException Differs(ServerEndpoint endpoint, EncodedSample row, float served, float own) => new(
        string.Create(CultureInfo.InvariantCulture, $"{section}: {endpoint.Address} scores {row.Place} with {served:G9}, and our own pass of {folder} gives ")
        + string.Create(CultureInfo.InvariantCulture, $"{own:G9}; they may differ by {tolerance:G3} (scoring.probe_tolerance): the server has another model, ")
        + $"or resamples images otherwise; {Hint}.");

    // a reply to /classify tells how many tokens a prompt has, and not which
    private async Task CheckPromptsAsync(ServerPool one, ServerEndpoint endpoint, IReadOnlyList<ScoreProbe> probes, CancellationToken cancellationToken)
    {
        if (probes.Count == 0) return;
        ServerCall[] calls = [.. probes.Select(probe => ClassifyProtocol.Tokenize(model, probe.Text.Prompt, addsSpecialTokens))];
        (_, ServiceFault? fault) = await endpoint.TryAsync(calls[0], ClassifyProtocol.ReadTokens, cancellationToken).ConfigureAwait(false);
        if (fault is { Status: 404 })
        {
            tell($"{endpoint.Address} has no /tokenize: its prompts are compared by their number of tokens and by their scores alone.");
            return;
        }
        int[][] served = await one.AskAllAsync(calls, (_, reply) => ClassifyProtocol.ReadTokens(reply), cancellationToken).ConfigureAwait(false);
        foreach ((ScoreProbe probe, int[] ids) in probes.Zip(served))
            if (!ids.AsSpan().SequenceEqual(probe.Sample.Prompt))
                throw new InvalidInputException($"{section}: {endpoint.Address}: {probe.Sample.Place}: {PromptDifference.Words(ids, probe.Sample.Prompt)}; "
                    + $"{Hint}.");
    }

    /// <summary>Reads one reply and looks at everything in it that can be known.</summary>
    private float[] Read(EncodedSample sample, ScoreText text, ServerReply reply)
    {
        ClassifyReply read;
        try
        {
            read = ClassifyProtocol.Read(reply);
        }
        catch (System.Text.Json.JsonException) when (reply.Body.AsSpan().IndexOf("NaN"u8) >= 0 || reply.Body.AsSpan().IndexOf("Infinity"u8) >= 0)
        {
            throw Refuse(sample, "a score is not a finite number");
        }
        return Fault(text, read) is { } fault ? throw Refuse(sample, fault) : read.Scores[0];
    }

    private string? Fault(ScoreText text, ClassifyReply reply)
    {
        if (reply.Model != model) return $"the reply is of model '{reply.Model}', and '{model}' was asked";
        if (reply.Scores.Count != 1) return $"the reply has {reply.Scores.Count} results for one text";
        float[] scores = reply.Scores[0];
        if (scores.Length != outputs || reply.Classes[0] != outputs)
            return $"the server's model gives {Math.Max(scores.Length, reply.Classes[0])} scores a text, and {folder} gives {outputs}";
        if (!scores.All(float.IsFinite)) return "a score is not a finite number";
        return !text.IsExact || reply.PromptTokens == text.Ids.Length ? null
            : $"the server's text has {reply.PromptTokens} tokens, and ours {text.Ids.Length}: another chat template or image size, or the text holds a "
                + "special token, which servers read as one";
    }

    private ServiceException Refuse(EncodedSample sample, string what) => new($"{section}: the round is refused at {sample.Place}: {what}.");
}
