using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// Safe PPO (PPO-Lagrangian): maximise reward subject to mean cost ≤ d, with a bounded multiplier (Safe RLHF-V, section 3). One round: sample, score, step the
/// multiplier, shape, estimate advantages (twice), update critics and actor. PPO-H and PPO-S are settings of it. The formulas are those of
/// <see cref="SafePpo"/>. B: rows, T: response tokens.
/// </summary>
/// <remarks>
/// A critic's first update of a round runs it with the weights that its values are to come from. So that pass gives the values, too, and only the mini-batches
/// that are learnt later are valued beforehand. A pass that drops out would give other values: then all are valued beforehand.
/// </remarks>
public sealed class SafePpoTrainer : IDisposable
{
    private readonly PpoRoles roles;
    private readonly PpoSettings settings;
    private readonly SafePpoOptions options;
    private readonly SampleBatcher batcher;
    private readonly InstructionRows? instructions;
    private readonly IRolloutSource? rollouts;
    private readonly EpisodeSampler sampler;
    private readonly EpisodeScoring scoring;
    private readonly RolloutCosts costs;
    private readonly Ranks ranks;
    private readonly Updater actor;
    private readonly List<Critic> critics = [];
    private readonly bool usesReward, usesCost, cuts, criticsDropOut;

    /// <summary>Prepares the roles for training.</summary>
    /// <param name="roles">The six roles.</param>
    /// <param name="settings">How.</param>
    /// <param name="batcher">Puts prompts and responses side by side.</param>
    /// <param name="instructions">Instruction rows for PTX; null without.</param>
    /// <param name="rounds">Rounds of the whole run, over which the learning rates are scheduled.</param>
    /// <param name="ranks">The ranks that train together; null = this process alone.</param>
    /// <param name="rollouts">Samples the responses, asked by rank 0; null = the actor itself does.</param>
    /// <param name="margin">What the budget is tightened by, from the costs of the multiplier's window; null = nothing.</param>
    /// <param name="scores">Gives rewards and costs, asked by rank 0; null = the roles' own models do.</param>
    public SafePpoTrainer(
        PpoRoles roles, PpoSettings settings, SampleBatcher batcher, InstructionRows? instructions, long rounds, Ranks? ranks = null,
        IRolloutSource? rollouts = null, Func<IReadOnlyCollection<double>, double>? margin = null, IScoreSource? scores = null)
    {
        this.ranks = ranks ??= Ranks.Alone;
        (this.roles, this.settings, this.batcher, this.instructions, this.rollouts) = (roles, settings, batcher, instructions, rollouts);
        sampler = new(roles.Actor, settings, batcher, ranks, rollouts);
        scoring = new(settings, batcher, ranks, roles.Scores, scores, roles.Judge, answers: 1);
        options = settings.ToOptions();
        costs = new(settings, answers: 1, margin);
        // a critic that can never count is neither run nor trained
        usesReward = !settings.CostOnly;
        usesCost = settings.CostOnly || settings.Mode != MultiplierMode.Fixed || settings.Multiplier.Initial > 0;
        long updates = rounds * settings.UpdatesPerRound;
        actor = new("ppo actor", roles.Actor, roles.Actor.Prepare(false, settings.GradientCheckpointing), settings.Actor, updates, ranks);
        if (roles.Critics.IsJoint) Add("critics", roles.Critics.Reward, usesReward, usesCost);
        else
        {
            if (usesReward) Add("reward_critic", roles.Critics.Reward, true, false);
            if (usesCost) Add("cost_critic", roles.Critics.Cost, false, true);
        }
        criticsDropOut = critics.Any(critic => critic.Role.DropsOut);
        cuts = !roles.Actor.DropsOut && !criticsDropOut;

        void Add(string name, ScorerRole role, bool reward, bool cost)
        {
            Updater updater = new($"ppo {name.Replace('_', ' ')}", role, role.Prepare(false, settings.GradientCheckpointing), settings.Critics, updates, ranks);
            critics.Add(new(name, role, updater, reward, cost));
        }
    }

    /// <summary>Trains actor and critics in place.</summary>
    /// <param name="roles">The six roles.</param>
    /// <param name="prompts">Where prompts come from; responses in its rows are not used.</param>
    /// <param name="instructions">Instruction data for PTX; null without.</param>
    /// <param name="settings">How.</param>
    /// <param name="run">Checkpoints and metrics.</param>
    /// <param name="cancellationToken">Stops within a round, between two tokens; the round is sampled again when the run is resumed.</param>
    /// <param name="save">Writes the result into the folder it is given.</param>
    /// <param name="rollouts">Samples the responses; null = the actor itself does.</param>
    /// <param name="scores">Gives rewards and costs; null = the roles' own models do.</param>
    /// <exception cref="InvalidInputException">A row is damaged, the training diverged, or a server's scores are not those of our own models.</exception>
    /// <exception cref="ServiceException">No response or score can be had from the servers; a checkpoint was written before.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was written before.</exception>
    public static void Train(
        PpoRoles roles, TrainingData prompts, TrainingData? instructions, PpoSettings settings, TrainingRun run, CancellationToken cancellationToken = default,
        Action<string>? save = null, IRolloutSource? rollouts = null, IScoreSource? scores = null)
    {
        using PpoFeeds feeds = new(prompts, instructions, settings, run, keepRows: rollouts is not null || scores is not null);
        using SafePpoTrainer trainer = new(roles, settings, SampleBatcher.Of(prompts), feeds.Instructions, feeds.Rounds, run.Ranks, rollouts,
            run.Options.Margin, scores);
        trainer.Track(run);
        feeds.Track(run);
        run.TellIdleRanks(roles.Actor, (settings.MiniBatch + settings.PromptsAtOnce - 1) / settings.PromptsAtOnce, "training.micro_batch");
        feeds.RunRounds(run, () => trainer.sampler.IsWaiting || trainer.scoring.IsWaiting,
            (drawn, round) => trainer.Round(drawn, round, cancellationToken), save);
    }

    /// <summary>One round of the algorithm.</summary>
    /// <param name="prompts">Prompts without responses.</param>
    /// <param name="round">Rounds done before this one; all random numbers of the round follow from the seed and this.</param>
    /// <param name="cancellationToken">Stops while responses are sampled, before anything is trained.</param>
    /// <param name="finished">Called when a phase has finished.</param>
    /// <returns>The metrics of the round.</returns>
    /// <exception cref="InvalidInputException">The training diverged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing has changed.</exception>
    public Dictionary<string, double> Round(
        IReadOnlyList<EncodedSample> prompts, long round, CancellationToken cancellationToken = default, Action<PpoPhase>? finished = null)
    {
        using DisposeScope scope = NewDisposeScope();
        foreach (Role trained in (Role[])[roles.Actor, .. roles.Critics.Scorers]) trained.BeginStep(settings.Seed, round);

        scoring.Begin(round, cancellationToken);
        Episode[] episodes = Sample(prompts, round, cancellationToken);
        finished?.Invoke(PpoPhase.Sample);

        Score(episodes, round, cancellationToken);
        double[][] seen = costs.Step(episodes);
        Shape(episodes);
        finished?.Invoke(PpoPhase.Score);

        Dictionary<string, double> metrics = Describe(episodes, seen);
        foreach ((string name, double value) in Update(episodes, costs.Lambdas.Sum(), round)) metrics.Add(name, value);
        finished?.Invoke(PpoPhase.Update);
        return metrics;
    }

    /// <summary>Samples a response to each prompt. Row i of a round draws from its own random stream.</summary>
    internal Episode[] Sample(IReadOnlyList<EncodedSample> prompts, long round, CancellationToken cancellationToken) =>
        sampler.Sample(prompts, samples: 1, round, draw: 0, cancellationToken);

    /// <summary>Adds the reference's log-probabilities and both scores; where an engine sampled, the actor's own log-probabilities, too.</summary>
    internal void Score(Episode[] episodes, long round = 0, CancellationToken cancellationToken = default)
    {
        scoring.Receive(episodes, round, draw: 0, cancellationToken);
        using IDisposable noGrad = no_grad();
        int[][] parts = [.. Enumerable.Range(0, episodes.Length).Chunk(settings.PromptsAtOnce)];
        int[][] own = [.. Shares.Of(parts, ranks).Where(share => share.IsOwn).Select(share => share.Items.ToArray())];
        foreach (Episode[] part in own.Select(rows => rows.Select(row => episodes[row]).ToArray()))
        {
            using DisposeScope scope = NewDisposeScope();
            SequenceBatch batch = batcher.Collate([.. part.Select(episode => episode.Sample)]);
            int[] lengths = [.. part.Select(episode => episode.Sample.Response.Length)];
            float[][]? policy = rollouts is null ? null : HostRows.Of(roles.Actor.LogProbs(batch, settings.Temperature), lengths);
            float[][] references = HostRows.Of(roles.Reference.LogProbs(batch, settings.Temperature), lengths);
            scoring.Add(part, batch);
            for (int row = 0; row < part.Length; row++)
            {
                if (policy is not null) part[row].LogProbs = policy[row];
                part[row].ReferenceLogProbs = references[row];
            }
        }
        EpisodeExchange.Scored(ranks, episodes, [.. own.SelectMany(rows => rows)]);
        scoring.Finish(episodes);
    }

    /// <summary>Shapes rewards and what the constraints charge for costs.</summary>
    internal void Shape(Episode[] episodes)
    {
        double[] charges = Constrained.Join(costs.Charges(episodes), costs.Lambdas);
        foreach ((Episode one, double charge) in episodes.Zip(charges))
        {
            float reward = (float)(AnswerRewards.Base(one, settings, batcher) + AnswerRewards.Overlong(one, settings) + scoring.RefusalReward(one));
            one.Shaped = SafePpo.Shape(one.LogProbs, one.ReferenceLogProbs, reward, (float)charge, options) with
            {
                Weights = one.EngineLogProbs is { } engine ? ImportanceWeights.Of<float>(one.LogProbs, engine, rollouts!.Weights) : null,
            };
        }
    }

    /// <summary>Values the responses, updates critics and actor, mini-batch after mini-batch, and gives the means of what the updates measured.</summary>
    internal IReadOnlyDictionary<string, double> Update(Episode[] episodes, double lambda, long round)
    {
        List<IReadOnlyList<(string Name, double Value)>> updates = [];
        long step = round * settings.UpdatesPerRound, actorPasses = 0, criticPasses = 0;
        for (int epoch = 0; epoch < settings.UpdateEpochs; epoch++)
        {
            int[] order = new RandomStream(settings.Seed, $"minibatches/{round}/{epoch}").Permutation(episodes.Length);
            Episode[][] miniBatches = [.. order.Select(i => episodes[i]).Chunk(settings.MiniBatch)];
            if (epoch == 0) Value(miniBatches.Skip(criticsDropOut ? 0 : 1));
            if (epoch == 1) EpisodeExchange.Valued(ranks, episodes, options); // before, each rank learns from those it has valued
            foreach (Episode[] miniBatch in miniBatches)
            {
                using DisposeScope scope = NewDisposeScope();
                IReadOnlyList<Share<Episode>> shares = Cut(miniBatch);
                MicroBatch[] parts = MicroBatch.Own(shares, settings, batcher);
                IReadOnlyList<Share<EncodedSample>> ptx = instructions is null ? []
                    : Shares.Of([.. Steps.Micro(instructions.Next(settings.PtxBatch), settings.MicroBatch)], ranks, cuts);
                // the actor's advantages are made of what the critics say
                (string, double)[] learnt = [.. critics.SelectMany(critic => UpdateCritic(critic, parts, lambda, step, criticPasses))];
                updates.Add([.. UpdateActor(parts, shares.Count, ptx, lambda, step, actorPasses), .. learnt]);
                (step, actorPasses, criticPasses) = (step + 1, actorPasses + shares.Count + ptx.Count, criticPasses + shares.Count);
            }
        }
        return updates.SelectMany(update => update).GroupBy(figure => figure.Name).ToDictionary(group => group.Key,
            group => group.Average(figure => figure.Value));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        actor.Dispose();
        foreach (Critic critic in critics) critic.Updater.Dispose();
    }

    private IReadOnlyList<Share<Episode>> Cut(Episode[] miniBatch) => Shares.Of([.. Steps.Micro(miniBatch, settings.MicroBatch)], ranks, cuts);

    private void Value(IEnumerable<Episode[]> miniBatches)
    {
        using IDisposable noGrad = no_grad();
        foreach (Episode[] miniBatch in miniBatches)
        {
            using DisposeScope scope = NewDisposeScope();
            foreach (MicroBatch part in MicroBatch.Own(Cut(miniBatch), settings, batcher))
            {
                using DisposeScope passes = NewDisposeScope();
                (Tensor? rewardValues_BT, Tensor? costValues_BT) = roles.Critics.Values(part.Batch, usesReward, usesCost);
                Estimate(part.Episodes, rewardValues_BT, costValues_BT);
            }
        }
    }

    private void Estimate(IReadOnlyList<Episode> episodes, Tensor? rewardValues_BT, Tensor? costValues_BT)
    {
        int[] lengths = [.. episodes.Select(episode => episode.LogProbs.Length)];
        float[][]? rewardValues = rewardValues_BT is null ? null : HostRows.Of(rewardValues_BT, lengths);
        float[][]? costValues = costValues_BT is null ? null : HostRows.Of(costValues_BT, lengths);
        foreach ((int row, Episode one) in episodes.Index()) one.Shaped = SafePpo.Estimate(one.Shaped!, rewardValues?[row], costValues?[row], options);
    }

    private List<(string Name, double Value)> UpdateActor(
        MicroBatch[] parts, int count, IReadOnlyList<Share<EncodedSample>> ptx, double lambda, long step, long passes)
    {
        PartFigures figures = new(ranks);
        bool endsWithPtx = ptx.Any(share => share.IsOwn);
        foreach (MicroBatch part in parts)
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable? last = part == parts[^1] && !endsWithPtx ? actor.LastPart() : null;
            BeginPass(roles.Actor, passes + part.Index);
            (Tensor logProbs_BT, Tensor entropy_BT) = roles.Actor.LogProbsAndEntropy(part.Batch, settings.Temperature);
            SafePpoBatch objective = part.Objective();
            PolicyLoss policy = SafePpo.ComputeLosses(objective, lambda, options, logProbs_BT: logProbs_BT).Actor!;
            figures.Add(part.Index, "actor_loss", part.Backward(policy.Loss));
            // read together: each reading waits for a GPU
            Tensor entropy = Masked.Mean(entropy_BT, objective.Mask_BT, Reduction.Token);
            float[] measures = HostRows.Of(stack([policy.ClipFraction, policy.ApproximateKl, entropy]));
            figures.Add(part.Index, "clip_fraction", part.TokenWeight * measures[0]);
            figures.Add(part.Index, "approximate_kl", part.TokenWeight * measures[1]);
            figures.Add(part.Index, "entropy", part.TokenWeight * measures[2]);
        }
        instructions?.AddGradients(roles.Actor, ptx, settings.PtxCoefficient, figures, count, actor.LastPart, part => BeginPass(roles.Actor, passes + part));
        actor.EndParts();
        IReadOnlyDictionary<string, double> sums = figures.Sum("actor update");
        double rate = actor.RateAt(step), norm = actor.Apply(step);
        return
        [
            ("actor_loss", sums["actor_loss"]), .. ptx.Count == 0 ? ((string, double)[])[] : [("ptx_loss", sums["ptx_loss"])], ("actor_gradient_norm", norm),
            ("clip_fraction", sums["clip_fraction"]), ("approximate_kl", sums["approximate_kl"]), ("entropy", sums["entropy"]), ("learning_rate", rate),
        ];
    }

    private List<(string Name, double Value)> UpdateCritic(Critic critic, MicroBatch[] parts, double lambda, long step, long passes)
    {
        PartFigures sums = new(ranks);
        foreach (MicroBatch part in parts)
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable? last = part == parts[^1] ? critic.Updater.LastPart() : null;
            BeginPass(critic.Role, passes + part.Index);
            (Tensor? rewardValues_BT, Tensor? costValues_BT) = roles.Critics.Values(part.Batch, critic.LearnsReward, critic.LearnsCost);
            if (!critic.HasValued(part)) Estimate(part.Episodes, rewardValues_BT, costValues_BT);
            SafePpoLosses losses = SafePpo.ComputeLosses(part.Objective(), lambda, options, rewardValues_BT: rewardValues_BT, costValues_BT: costValues_BT);
            part.Backward((losses.RewardCritic, losses.CostCritic) is ({ } reward, { } cost) ? reward.Plus(cost) : losses.RewardCritic ?? losses.CostCritic!);
            if (critic.LearnsReward) sums.Add(part.Index, "reward_critic_loss", part.Weight * losses.RewardCritic!.item<float>());
            if (critic.LearnsCost) sums.Add(part.Index, "cost_critic_loss", part.Weight * losses.CostCritic!.item<float>());
        }
        critic.Updater.EndParts();
        List<(string, double)> figures = [.. sums.Sum($"{critic.Name} update").Select(sum => (sum.Key, sum.Value))];
        figures.Add(($"{critic.Name}_gradient_norm", critic.Updater.Apply(step)));
        return figures;
    }

    private void BeginPass(Role role, long index)
    {
        if (!ranks.IsAlone) role.BeginPass(index);
    }

    private void Track(TrainingRun run)
    {
        run.TrackTraining("actor", roles.Actor.Trainable(), actor);
        foreach (Critic critic in critics) run.TrackTraining(critic.Name, critic.Role.Trainable(), critic.Updater);
        run.Track("multipliers", costs.Part);
    }

    private Dictionary<string, double> Describe(Episode[] episodes, double[][] seen)
    {
        Dictionary<string, double> constraints = [];
        costs.Describe(seen, constraints);
        ILookup<bool, KeyValuePair<string, double>> isLambda = constraints.ToLookup(one => one.Key.StartsWith("lambda", StringComparison.Ordinal));
        Dictionary<string, double> metrics = new((KeyValuePair<string, double>[])
        [
            new("reward", episodes.Average(episode => episode.Reward)),
            new("cost", episodes.Average(episode => episode.Cost)),
            .. isLambda[false],
            new("unsafe_share", episodes.Average(episode => episode.Cost > 0 ? 1.0 : 0.0)),
            new("kl", episodes.Average(episode => KlShaping.Divergence<float>(episode.LogProbs, episode.ReferenceLogProbs))),
            new("length", episodes.Average(episode => episode.Sample.Response.Length)),
            new("at_limit", episodes.Average(episode => episode.Ended ? 0.0 : 1.0)),
            .. settings.CostOnly ? [] : isLambda[true],
        ]);
        scoring.Describe(episodes, metrics);
        if (rollouts is not null) RolloutExchange.Describe(episodes, rollouts.Weights, metrics);
        return metrics;
    }

    /// <summary>A critic with its update: one of reward or cost, or both in one pass.</summary>
    private sealed record Critic(string Name, ScorerRole Role, Updater Updater, bool LearnsReward, bool LearnsCost)
    {
        public bool HasValued(MicroBatch part) => part.Episodes.All(one => (LearnsReward ? one.Shaped!.Reward : one.Shaped!.Cost) is not null);
    }
}
