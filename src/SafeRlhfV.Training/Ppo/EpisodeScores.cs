namespace SafeRlhfV.Training;

/// <summary>The rewards and costs of a round's responses where something else than the trainer gives them. Rank 0 asks for them.</summary>
internal sealed class EpisodeScores
{
    private readonly IScoreSource? source;
    private readonly RolloutSettings settings;
    private readonly SampleBatcher batcher;
    private readonly Ranks ranks;

    /// <summary>Joins the two.</summary>
    /// <param name="source">Scores in the trainer's place; null = the trainer scores by its own models.</param>
    /// <param name="own">The trainer's own models; null where it has none.</param>
    /// <param name="settings">What the cost reads.</param>
    /// <param name="batcher">Reads the texts of responses.</param>
    /// <param name="ranks">The ranks that train together.</param>
    /// <exception cref="ArgumentException">Both score, or neither does.</exception>
    public EpisodeScores(IScoreSource? source, ScorePair? own, RolloutSettings settings, SampleBatcher batcher, Ranks ranks)
    {
        if (source is null == own is null) throw new ArgumentException("Either the roles have scores, or something else gives them.", nameof(source));
        (this.source, this.settings, this.batcher, this.ranks) = (source, settings, batcher, ranks);
    }

    /// <summary>Whether scores are asked for and not there.</summary>
    public bool IsWaiting { get; private set; }

    /// <summary>Called before a round is sampled.</summary>
    /// <exception cref="ServiceException">As of <see cref="IScoreSource.Prepare"/>.</exception>
    /// <exception cref="InvalidInputException">Likewise.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Prepare(long round, CancellationToken cancellationToken)
    {
        if (source is null) return;
        Ask<object>("score servers", () =>
        {
            source.Prepare(round, cancellationToken);
            return new();
        }, cancellationToken);
    }

    /// <summary>Puts the scores into the episodes.</summary>
    /// <exception cref="ServiceException">As of <see cref="IScoreSource.Score"/>.</exception>
    /// <exception cref="InvalidInputException">Likewise.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Receive(IReadOnlyList<Episode> episodes, long round, int draw, CancellationToken cancellationToken)
    {
        if (source is null) return;
        (Episode Row, EncodedSample Answer)[] thinking = ResponseScores.Thinking(episodes, settings, batcher);
        EncodedSample[] samples = [.. episodes.Select(episode => episode.Sample), .. thinking.Select(one => one.Answer)];
        IReadOnlyList<ResponseScore> scores = Ask("scores of servers", () => source.Score(samples, round, draw, cancellationToken), cancellationToken);
        foreach ((Episode episode, ResponseScore score) in episodes.Zip(scores))
            (episode.Reward, episode.Cost, episode.IsRetokenised) = (score.Reward, score.Cost, score.IsRetokenised);
        ResponseScores.Tell(episodes, settings, thinking.Zip(scores.Skip(episodes.Count), (one, score) => (one.Row, score.Cost)));
    }

    /// <summary>Adds how many responses were scored by their text.</summary>
    public void Describe(IReadOnlyList<Episode> episodes, Dictionary<string, double> metrics)
    {
        if (source is not null) metrics["retokenised_share"] = episodes.Average(episode => episode.IsRetokenised ? 1.0 : 0.0);
    }

    private T Ask<T>(string what, Func<T> ask, CancellationToken cancellationToken) where T : class
    {
        IsWaiting = true;
        T answer = RankZero.Ask(ranks, what, ask, cancellationToken);
        IsWaiting = false;
        return answer;
    }
}
