namespace SafeRlhfV.Training;

/// <summary>
/// What is said of a round's responses, the same in PPO and GRPO: rewards and costs, of the trainer's own models or of servers, refusals, and the held-out
/// judge.
/// </summary>
internal sealed class EpisodeScoring
{
    private readonly RolloutSettings settings;
    private readonly SampleBatcher batcher;
    private readonly ScorePair? own;
    private readonly EpisodeScores served;
    private readonly RolloutRewards rewards;
    private readonly AnswerRefusals refusals;
    private readonly RolloutJudge judge;

    /// <summary>Joins those who say it.</summary>
    /// <param name="settings">How.</param>
    /// <param name="batcher">Puts responses side by side, and reads their texts.</param>
    /// <param name="ranks">The ranks that train together.</param>
    /// <param name="own">RM-V and CM-V of the trainer; null where <paramref name="source"/> scores.</param>
    /// <param name="source">Scores in their place, asked by rank 0; null = they do.</param>
    /// <param name="judge">The model that judges; null = none does.</param>
    /// <param name="answers">Responses to each prompt; episodes are prompt after prompt.</param>
    /// <exception cref="ArgumentException">Both the models and the source score, or neither does.</exception>
    public EpisodeScoring(RolloutSettings settings, SampleBatcher batcher, Ranks ranks, ScorePair? own, IScoreSource? source, ScorerRole? judge, int answers)
    {
        (this.settings, this.batcher, this.own) = (settings, batcher, own);
        served = new(source, own, settings, batcher, ranks);
        rewards = new(settings, batcher);
        refusals = new(settings.Refusal, batcher);
        this.judge = new(settings.Judge, judge, batcher, answers);
    }

    /// <summary>Whether scores are asked for and not there.</summary>
    public bool IsWaiting => served.IsWaiting;

    /// <summary>Called before a round is sampled.</summary>
    /// <exception cref="ServiceException">As of <see cref="EpisodeScores.Prepare"/>.</exception>
    /// <exception cref="InvalidInputException">Likewise.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Begin(long round, CancellationToken cancellationToken)
    {
        judge.Begin(round);
        served.Prepare(round, cancellationToken);
    }

    /// <summary>Puts what servers say into all episodes; nothing where the trainer's own models score.</summary>
    /// <exception cref="ServiceException">As of <see cref="EpisodeScores.Receive"/>.</exception>
    /// <exception cref="InvalidInputException">Likewise.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public void Receive(IReadOnlyList<Episode> episodes, long round, int draw, CancellationToken cancellationToken) =>
        served.Receive(episodes, round, draw, cancellationToken);

    /// <summary>Puts what the models of this process say into some episodes.</summary>
    /// <param name="rows">The episodes.</param>
    /// <param name="batch">The same, side by side.</param>
    public void Add(Episode[] rows, SequenceBatch batch) =>
        judge.Score(rows, batch, own is null ? null : ResponseScores.Add(rows, batch, own, settings, batcher));

    /// <summary>Adds what follows from the texts and the scores, once all ranks have all episodes.</summary>
    /// <exception cref="InvalidInputException">A score, or the sum of rewards, is not a finite number.</exception>
    public void Finish(IReadOnlyCollection<Episode> episodes)
    {
        rewards.Add(episodes);
        refusals.Mark(episodes);
    }

    /// <summary>What a refused benign prompt adds to the reward: 0 or less.</summary>
    public double RefusalReward(Episode one) => refusals.Reward(one);

    /// <summary>Adds the metrics of all of it.</summary>
    public void Describe(IReadOnlyList<Episode> episodes, Dictionary<string, double> metrics)
    {
        rewards.Describe(episodes, metrics);
        if (own is not null) HeadSpread.Describe(episodes, own, metrics);
        refusals.Describe(episodes, metrics);
        judge.Describe(episodes, metrics);
        served.Describe(episodes, metrics);
    }
}
