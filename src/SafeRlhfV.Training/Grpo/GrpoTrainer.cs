using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// Lagrangian group-relative optimisation: maximise reward subject to constraints on cost without critics. One round: sample G answers to each prompt, score
/// them, step the multipliers, standardise rewards and costs each within its group, combine, update the actor. GRPO, RLOO, Dr. GRPO, DAPO, GSPO and CISPO are
/// settings of it. The formulas are those of <see cref="GroupAdvantages"/>, <see cref="RatioLosses"/> and <see cref="CostConstraint"/>. B: answers, T: their
/// tokens.
/// </summary>
public sealed class GrpoTrainer : IDisposable
{
    private readonly GrpoRoles roles;
    private readonly GrpoSettings settings;
    private readonly RatioOptions options;
    private readonly SampleBatcher batcher;
    private readonly InstructionRows? instructions;
    private readonly IRolloutSource? rollouts;
    private readonly EpisodeSampler sampler;
    private readonly EpisodeScoring scoring;
    private readonly RolloutCosts costs;
    private readonly Ranks ranks;
    private readonly Updater actor;
    private readonly bool cuts, masksOverlong;

    /// <summary>Prepares the actor for training.</summary>
    /// <param name="roles">The roles.</param>
    /// <param name="settings">How.</param>
    /// <param name="batcher">Puts prompts and answers side by side.</param>
    /// <param name="instructions">Instruction rows for PTX; null without.</param>
    /// <param name="rounds">Rounds of the whole run, over which the learning rate is scheduled.</param>
    /// <param name="ranks">The ranks that train together; null = this process alone.</param>
    /// <param name="rollouts">Samples the answers, asked by rank 0; null = the actor itself does.</param>
    /// <param name="margin">What the budget is tightened by, from the costs of the multiplier's window; null = nothing.</param>
    /// <param name="scores">Gives rewards and costs, asked by rank 0; null = the roles' own models do.</param>
    public GrpoTrainer(
        GrpoRoles roles, GrpoSettings settings, SampleBatcher batcher, InstructionRows? instructions, long rounds, Ranks? ranks = null,
        IRolloutSource? rollouts = null, Func<IReadOnlyCollection<double>, double>? margin = null, IScoreSource? scores = null)
    {
        this.ranks = ranks ??= Ranks.Alone;
        (this.roles, this.settings, this.batcher, this.instructions, this.rollouts) = (roles, settings, batcher, instructions, rollouts);
        options = settings.ToRatioOptions();
        sampler = new(roles.Actor, settings, batcher, ranks, rollouts);
        scoring = new(settings, batcher, ranks, roles.Scores, scores, roles.Judge, settings.GroupSize);
        costs = new(settings, settings.GroupSize, margin);
        actor = new("grpo actor", roles.Actor, roles.Actor.Prepare(false, settings.GradientCheckpointing), settings.Actor, rounds * settings.UpdatesPerRound,
            ranks);
        cuts = !roles.Actor.DropsOut;
        masksOverlong = settings.Overlong == OverlongAnswers.Mask;
    }

    /// <summary>Trains the actor in place.</summary>
    /// <param name="roles">The roles.</param>
    /// <param name="prompts">Where prompts come from; responses in its rows are not used.</param>
    /// <param name="instructions">Instruction data for PTX; null without.</param>
    /// <param name="settings">How.</param>
    /// <param name="run">Checkpoints and metrics.</param>
    /// <param name="cancellationToken">Stops within a round, between two tokens; the round is sampled again when the run is resumed.</param>
    /// <param name="save">Writes the result into the folder it is given.</param>
    /// <param name="rollouts">Samples the answers; null = the actor itself does.</param>
    /// <param name="scores">Gives rewards and costs; null = the roles' own models do.</param>
    /// <exception cref="InvalidInputException">A row is damaged, the training diverged, or a server's scores are not those of our own models.</exception>
    /// <exception cref="ServiceException">No answer or score can be had from the servers; a checkpoint was written before.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was written before.</exception>
    public static void Train(
        GrpoRoles roles, TrainingData prompts, TrainingData? instructions, GrpoSettings settings, TrainingRun run,
        CancellationToken cancellationToken = default, Action<string>? save = null, IRolloutSource? rollouts = null,
        IScoreSource? scores = null)
    {
        using PpoFeeds feeds = new(prompts, instructions, settings, run, keepRows: rollouts is not null || scores is not null);
        using GrpoTrainer trainer = new(roles, settings, SampleBatcher.Of(prompts), feeds.Instructions, feeds.Rounds, run.Ranks, rollouts, run.Options.Margin,
            scores);
        run.TrackTraining("actor", roles.Actor.Trainable(), trainer.actor);
        run.Track("multipliers", trainer.costs.Part);
        feeds.Track(run);
        run.TellIdleRanks(roles.Actor, (settings.MiniBatch + settings.PromptsAtOnce - 1) / settings.PromptsAtOnce, "training.micro_batch");
        feeds.RunRounds(run, () => trainer.sampler.IsWaiting || trainer.scoring.IsWaiting,
            (drawn, round) => trainer.Round(drawn, round, feeds.MorePrompts, cancellationToken), save);
    }

    /// <summary>One round of the algorithm.</summary>
    /// <param name="prompts">Prompts without responses.</param>
    /// <param name="round">Rounds done before this one; all random numbers of the round follow from the seed and this.</param>
    /// <param name="more">Gives so many further prompts, in place of those whose answers all score alike; null = such prompts stay.</param>
    /// <param name="cancellationToken">Stops while answers are sampled, before anything is trained.</param>
    /// <param name="finished">Called when a phase has finished.</param>
    /// <returns>The metrics of the round.</returns>
    /// <exception cref="InvalidInputException">The training diverged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; nothing has changed.</exception>
    public Dictionary<string, double> Round(
        IReadOnlyList<EncodedSample> prompts, long round, Func<int, IReadOnlyList<EncodedSample>>? more = null, CancellationToken cancellationToken = default,
        Action<PpoPhase>? finished = null)
    {
        using DisposeScope scope = NewDisposeScope();
        roles.Actor.BeginStep(settings.Seed, round);
        scoring.Begin(round, cancellationToken);
        Episode[] sampled = Sample(prompts, round, 0, cancellationToken), episodes = sampled;
        List<Episode> all = [.. sampled];
        for (int draw = 1; draw <= settings.Resample && more is not null; draw++)
        {
            int[] silent = Silent(episodes);
            if (silent.Length == 0) break;
            Episode[] fresh = Sample(more(silent.Length), round, draw, cancellationToken);
            all.AddRange(fresh);
            episodes = Replaced(episodes, silent, fresh);
        }
        finished?.Invoke(PpoPhase.Sample);

        // groups that were replaced were sampled from the policy, too: the constraint is on all that it says
        double[][] seen = costs.Step(all);
        ComputeAdvantages(episodes);
        finished?.Invoke(PpoPhase.Score);

        Dictionary<string, double> metrics = Describe(all, seen, Silent(episodes).Length / (double)prompts.Count, all.Count - episodes.Length);
        foreach ((string name, double value) in Update(episodes, round)) metrics.Add(name, value);
        finished?.Invoke(PpoPhase.Update);
        return metrics;
    }

    /// <summary>Samples answers to prompts and scores them: rows are prompt × G + answer.</summary>
    internal Episode[] Sample(IReadOnlyList<EncodedSample> prompts, long round, int draw, CancellationToken cancellationToken)
    {
        Episode[] episodes = sampler.Sample(prompts, settings.GroupSize, round, draw, cancellationToken);
        Score(episodes, round, draw, cancellationToken);
        return episodes;
    }

    /// <summary>Adds the reference's log-probabilities and both scores; where an engine sampled, the actor's own log-probabilities, too.</summary>
    internal void Score(Episode[] episodes, long round = 0, int draw = 0, CancellationToken cancellationToken = default)
    {
        scoring.Receive(episodes, round, draw, cancellationToken);
        using IDisposable noGrad = no_grad();
        (int Group, Episode[] Episodes)[] groups = [.. Groups(episodes).Index()];
        IReadOnlyList<(int Group, Episode[] Episodes)>[] own = [.. Shares.Of([.. groups.Chunk(settings.PromptsAtOnce)], ranks)
            .Where(share => share.IsOwn).Select(share => share.Items)];
        foreach (IReadOnlyList<(int Group, Episode[] Episodes)> part in own)
        {
            using DisposeScope scope = NewDisposeScope();
            Episode[] rows = [.. GroupBatch.InRows([.. part.Select(one => one.Episodes)])];
            SequenceBatch batch = batcher.CollateGroups([.. rows.Select(row => row.Sample)], settings.GroupSize);
            int[] lengths = [.. rows.Select(row => row.Sample.Response.Length)];
            float[][]? policy = rollouts is null ? null : HostRows.Of(roles.Actor.LogProbs(batch, settings.Temperature), lengths);
            float[][] references = HostRows.Of(roles.Reference.LogProbs(batch, settings.Temperature), lengths);
            scoring.Add(rows, batch);
            for (int row = 0; row < rows.Length; row++)
            {
                if (policy is not null) rows[row].LogProbs = policy[row];
                rows[row].ReferenceLogProbs = references[row];
            }
        }
        EpisodeExchange.Scored(ranks, episodes,
            [.. own.SelectMany(part => part).SelectMany(one => Enumerable.Range(one.Group * settings.GroupSize, settings.GroupSize))]);
        scoring.Finish(episodes);
    }

    /// <summary>The advantages of all answers, by the multipliers as they are now.</summary>
    internal void ComputeAdvantages(Episode[] episodes)
    {
        double[] rewards = Rewards(episodes), lambdas = costs.Lambdas, advantages;
        bool[] counts = RolloutCosts.Counted(episodes.Length);
        double[][] charges = costs.Charges(episodes);
        if (settings.Scalarise) advantages = Standardise(GroupAdvantages.Scalarise(rewards, charges, lambdas)).Scores;
        else advantages = GroupAdvantages.Combine(Standardise(rewards).Scores, [.. charges.Select(charge => Standardise(charge).Scores)], lambdas);
        for (int i = 0; i < episodes.Length; i++)
        {
            episodes[i].Advantage = advantages[i];
            if (episodes[i].EngineLogProbs is { } engine)
                episodes[i].Weights = ImportanceWeights.Of<float>(episodes[i].LogProbs, engine, rollouts!.Weights);
        }

        GroupComponent Standardise(double[] values) => GroupAdvantages.Standardise(values, counts, settings.GroupSize, settings.Advantage);
    }

    /// <summary>Updates the actor, mini-batch after mini-batch, and gives the means of what the updates measured.</summary>
    internal IReadOnlyDictionary<string, double> Update(Episode[] episodes, long round)
    {
        Episode[][] groups = Groups(episodes);
        List<IReadOnlyList<(string Name, double Value)>> updates = [];
        long step = round * settings.UpdatesPerRound, passes = 0;
        for (int epoch = 0; epoch < settings.UpdateEpochs; epoch++)
        {
            int[] order = new RandomStream(settings.Seed, $"minibatches/{round}/{epoch}").Permutation(groups.Length);
            foreach (int[] chosen in order.Chunk(settings.MiniBatch))
            {
                using DisposeScope scope = NewDisposeScope();
                Episode[][] miniBatch = [.. chosen.Select(i => groups[i])];
                IReadOnlyList<Share<Episode[]>> shares = Shares.Of([.. Steps.Micro(miniBatch, settings.MicroBatch)], ranks, cuts);
                IReadOnlyList<Share<EncodedSample>> ptx = instructions is null ? []
                    : Shares.Of([.. Steps.Micro(instructions.Next(settings.PtxBatch), settings.MicroBatch)], ranks, cuts);
                BatchSums sums = GroupBatch.Sums(miniBatch, masksOverlong, settings.MaxNewTokens);
                updates.Add(UpdateActor(GroupBatch.Own(shares, batcher, masksOverlong), shares.Count, ptx, sums, step, passes));
                (step, passes) = (step + 1, passes + shares.Count + ptx.Count);
            }
        }
        return updates.SelectMany(update => update).GroupBy(figure => figure.Name).ToDictionary(group => group.Key,
            group => group.Average(figure => figure.Value));
    }

    /// <inheritdoc/>
    public void Dispose() => actor.Dispose();

    private List<(string Name, double Value)> UpdateActor(
        GroupBatch[] parts, int count, IReadOnlyList<Share<EncodedSample>> ptx, BatchSums sums, long step, long passes)
    {
        PartFigures figures = new(ranks);
        bool endsWithPtx = ptx.Any(share => share.IsOwn), holdsKl = settings.KlPlace == KlPlace.Loss && settings.KlCoefficient > 0;
        foreach (GroupBatch part in parts)
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable? last = part == parts[^1] && !endsWithPtx ? actor.LastPart() : null;
            BeginPass(passes + part.Index);
            (Tensor logProbs_BT, Tensor entropy_BT) = roles.Actor.LogProbsAndEntropy(part.Batch, settings.Temperature);
            RatioLosses losses = RatioLosses.Of(logProbs_BT, part.LogProbs_BT, part.Advantages_B1, part.Mask_BT, options, part.Weights_BT);
            Tensor loss = sums.Reduce(losses.Losses_BT, part.Mask_BT, settings.Reduction), policy = loss;
            Tensor? kl = null;
            if (holdsKl)
            {
                Tensor kl_BT = KlEstimates.Tokens(
                    logProbs_BT, part.ReferenceLogProbs_BT, part.Mask_BT, settings.KlEstimator, settings.KlCorrected ? part.LogProbs_BT : null);
                kl = sums.Reduce(kl_BT, part.Mask_BT, settings.Reduction);
                loss = loss.Plus(kl.Times(settings.KlCoefficient));
            }
            loss.Backward();
            // read together: each reading waits for a GPU
            Tensor Share(Tensor values_BT) => sums.Reduce(values_BT, part.Mask_BT, BatchReduction.BatchTokens);
            float[] measures = HostRows.Of(stack(
            [
                policy.detach(), Share(losses.ClippedLow_BT), Share(losses.ClippedHigh_BT), Share(losses.Divergence_BT),
                Share(Masked.Zeroed(entropy_BT, part.Mask_BT)), kl is null ? zeros_like(policy) : kl.detach(),
            ]));
            string[] names = ["actor_loss", "clip_fraction_low", "clip_fraction_high", "approximate_kl", "entropy", "kl_loss"];
            foreach ((string name, float measure) in names.Zip(measures))
                if (name != "kl_loss" || holdsKl) figures.Add(part.Index, name, measure);
        }
        instructions?.AddGradients(roles.Actor, ptx, settings.PtxCoefficient, figures, count, actor.LastPart, part => BeginPass(passes + part));
        actor.EndParts();
        List<(string, double)> all = [.. figures.Sum("actor update").Select(sum => (sum.Key, sum.Value))];
        all.Add(("learning_rate", actor.RateAt(step)));
        all.Add(("actor_gradient_norm", actor.Apply(step)));
        return all;
    }

    private double[] Rewards(Episode[] episodes) => [.. episodes.Select(one =>
    {
        double reward = AnswerRewards.Base(one, settings, batcher);
        if (settings.KlPlace == KlPlace.Reward)
            reward -= settings.KlCoefficient * KlEstimates.Tokens<float>(one.LogProbs, one.ReferenceLogProbs, settings.KlEstimator).Sum();
        return reward + AnswerRewards.Overlong(one, settings) + scoring.RefusalReward(one);
    })];

    // groups whose answers all have the same reward and costs: none is better than another
    private int[] Silent(Episode[] episodes)
    {
        bool[] counts = RolloutCosts.Counted(episodes.Length);
        double[][] components = [Rewards(episodes), .. costs.Of(episodes)];
        GroupComponent[] each = [.. components.Select(one => GroupAdvantages.Standardise(one, counts, settings.GroupSize, settings.Advantage))];
        return [.. Enumerable.Range(0, episodes.Length / settings.GroupSize).Where(group => each.All(one => one.IsConstant[group]))];
    }

    private Episode[] Replaced(Episode[] episodes, int[] groups, Episode[] by)
    {
        Episode[][] all = Groups(episodes), fresh = Groups(by);
        for (int i = 0; i < groups.Length; i++) all[groups[i]] = fresh[i];
        return [.. all.SelectMany(group => group)];
    }

    private Dictionary<string, double> Describe(List<Episode> sampled, double[][] seen, double silentShare, int replaced)
    {
        Dictionary<string, double> metrics = new()
        {
            ["reward"] = sampled.Average(one => one.Reward),
            ["cost"] = sampled.Average(one => one.Cost),
            ["unsafe_share"] = sampled.Average(one => one.Cost > 0 ? 1.0 : 0.0),
            ["kl"] = sampled.Average(one => KlShaping.Divergence<float>(one.LogProbs, one.ReferenceLogProbs)),
            ["length"] = sampled.Average(one => one.Sample.Response.Length),
            ["at_limit"] = sampled.Average(one => one.Ended ? 0.0 : 1.0),
            ["empty_share"] = sampled.Average(one => AnswerRewards.IsEmpty(one, batcher) ? 1.0 : 0.0),
            ["no_signal_share"] = silentShare,
        };
        if (settings.Resample > 0) metrics["resampled"] = replaced / (double)settings.GroupSize;
        costs.Describe(seen, metrics);
        scoring.Describe(sampled, metrics);
        if (rollouts is not null) RolloutExchange.Describe(sampled, rollouts.Weights, metrics);
        return metrics;
    }

    private Episode[][] Groups(Episode[] episodes) => [.. episodes.Chunk(settings.GroupSize)];

    private void BeginPass(long index)
    {
        if (!ranks.IsAlone) roles.Actor.BeginPass(index);
    }
}
