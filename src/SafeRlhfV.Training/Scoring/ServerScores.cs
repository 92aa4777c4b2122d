using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>
/// Scores a round's responses on inference servers over plain HTTP. Our own models score the probe rows first, and leave memory afterwards; what servers say is
/// brought onto the calibrated scale here.
/// </summary>
internal sealed class ServerScores : IScoreSource, IDisposable
{
    private static readonly string[] ProbeResponses = ["Yes.", "I cannot say, ask an expert.", "It is a cat on a table."];

    private readonly ScoringRecipe recipe;
    private readonly ScoreCalibration scale;
    private readonly ScoreTexts texts;
    private readonly OwnScores? own;
    private readonly RoundJournal<ResponseScore> journal;
    private readonly (ScoreService Service, IReadOnlyList<ScoreProbe> Probes)[] services;
    private readonly bool hasReward;
    private long? prepared;

    /// <summary>Scores the probe rows with our own models; opens no connection yet.</summary>
    /// <param name="recipe">The servers, and the models that they serve.</param>
    /// <param name="scale">The scale that scores are brought onto.</param>
    /// <param name="own">Our own models, not calibrated.</param>
    /// <param name="prompts">The prompts, of which the first are probe rows.</param>
    /// <param name="run">The run; its folder keeps the scores. Rank 0 alone asks servers.</param>
    public ServerScores(RolloutRecipe recipe, ScoreCalibration scale, ScorePair own, TrainingData prompts, TrainingRun run)
    {
        (this.recipe, this.scale, hasReward) = (recipe.Scoring!, scale, own.HasReward);
        texts = new(prompts.Processor);
        journal = new("scores", run.Folder, run.RecipeWithoutPlaces);
        OwnScores pass = new(own, SampleBatcher.Of(prompts), recipe.Sampling.PromptsAtOnce);
        if (!this.recipe.ReleasesModels) this.own = pass;
        EncodedSample[] rows = run.Ranks.IsFirst ? ProbeRows(prompts, recipe.Sampling, this.recipe.ProbeRows) : [];
        float[][] scores = pass.Of(rows);
        ScoreText[] sent = texts.Of(rows);
        double tolerance = this.recipe.Tolerance(own.Cost.Model.Decoder.Embedding.Weight.dtype);
        bool addsSpecialTokens = VllmProtocol.AddsSpecialTokens(prompts.Processor);
        services = [.. this.recipe.Servers.Select((servers, i) =>
        {
            int outputs = own.IsJoint ? ScoresTrainer.Outputs : 1;
            string folder = ReferenceEquals(servers.Servers, this.recipe.Cost) ? recipe.Model.Cost : recipe.Model.Reward;
            ScoreService service = new(servers.Section, folder, servers.Servers, this.recipe, tolerance, outputs, addsSpecialTokens, run.Tell);
            return (service, (IReadOnlyList<ScoreProbe>)[.. rows.Select((row, at) => new ScoreProbe(row, sent[at], scores[at][i..(i + outputs)]))]);
        })];
    }

    /// <inheritdoc/>
    public void Prepare(long round, CancellationToken cancellationToken)
    {
        if (!journal.Has(round, 0)) Connect(round, cancellationToken);
    }

    /// <inheritdoc/>
    public IReadOnlyList<ResponseScore> Score(IReadOnlyList<EncodedSample> samples, long round, int draw, CancellationToken cancellationToken)
    {
        if (journal.Read(round, draw, samples) is { } kept) return kept;
        if (prepared != round) Connect(round, cancellationToken);
        ScoreText[] sent = texts.Of(samples);
        if (recipe.Retokenised == Retokenised.Refuse && Array.FindIndex(sent, one => !one.IsExact) is >= 0 and int first)
            throw new ServiceException($"scoring: the round is refused at {samples[first].Place}: the response's text does not give its tokens again, so a "
                + "server cannot score them; set scoring.retokenised to text or own.");
        int[] all = [.. Enumerable.Range(0, sent.Length)], asked = [.. all.Where(i => own is null || sent[i].IsExact)], left = [.. all.Except(asked)];
        float[][] scores = new float[sent.Length][];
        Fill(asked, TaskResult.Of(AskAsync([.. asked.Select(i => samples[i])], [.. asked.Select(i => sent[i])], cancellationToken)));
        if (left.Length > 0) Fill(left, own!.Of([.. left.Select(i => samples[i])]));
        ResponseScore[] scaled = [.. scores.Select((score, i) => new ResponseScore(
            hasReward ? (float)((score[0] - scale.RewardMean) / scale.RewardDeviation) : 0, (float)(score[^1] / scale.CostDeviation),
            own is null && !sent[i].IsExact))];
        journal.Write(round, draw, samples, scaled);
        return scaled;

        void Fill(int[] places, float[][] values)
        {
            foreach ((int place, float[] value) in places.Zip(values)) scores[place] = value;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((ScoreService service, _) in services) service.Dispose();
    }

    private void Connect(long round, CancellationToken cancellationToken)
    {
        foreach ((ScoreService service, IReadOnlyList<ScoreProbe> probes) in services)
            TaskResult.Of(service.PrepareAsync(probes, cancellationToken));
        prepared = round;
    }

    // of each text the reward and the cost, whether one model says both or two say one each
    private async Task<float[][]> AskAsync(IReadOnlyList<EncodedSample> samples, IReadOnlyList<ScoreText> sent, CancellationToken cancellationToken)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        float[][][] each = await Task.WhenAll(services.Select(one => Ask(one.Service))).ConfigureAwait(false);
        return [.. Enumerable.Range(0, samples.Count).Select(i => each.SelectMany(scores => scores[i]).ToArray())];

        async Task<float[][]> Ask(ScoreService service)
        {
            try
            {
                return await service.ScoreAsync(samples, sent, stop.Token).ConfigureAwait(false);
            }
            catch
            {
                await stop.CancelAsync().ConfigureAwait(false); // the scores of the other are of no use
                throw;
            }
        }
    }

    private static EncodedSample[] ProbeRows(TrainingData prompts, RolloutSettings settings, int count)
    {
        SampleEncoder encoder = new(prompts.Processor, settings.Lengths, settings.MaxNewTokens), lengths = encoder.ForLengths();
        return [.. prompts.InOrder(RecordParts.None)
            .Select(row => (Row: row, Sample: encoder.EncodePrompt(row))).Where(one => one.Sample is not null).Take(count)
            .Select((one, i) => one.Sample! with
            {
                Response = lengths.EncodeAnswer(one.Row, ProbeResponses[i % ProbeResponses.Length]),
                Row = one.Row,
            })];
    }
}
