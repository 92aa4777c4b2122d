using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>The updates of a round: actor (with PTX) and the critics that take part, minibatch after minibatch.</summary>
internal sealed class PpoUpdate : IDisposable
{
    private readonly PpoRoles roles;
    private readonly TrainingData prompts;
    private readonly TrainingData? instructions;
    private readonly RowFeed<EncodedSample>? ptx;
    private readonly RolloutSampler sampler;
    private readonly PpoSettings settings;
    private readonly Updater actor;
    private readonly List<Critic> critics = [];

    public PpoUpdate(
        PpoRoles roles, TrainingData prompts, TrainingData? instructions, RowFeed<EncodedSample>? ptx, RolloutSampler sampler, PpoSettings settings, long totalUpdates)
    {
        (this.roles, this.prompts, this.instructions, this.ptx, this.sampler, this.settings) = (roles, prompts, instructions, ptx, sampler, settings);
        actor = new("ppo actor", roles.Actor.Prepare(false, settings.GradientCheckpointing), settings.Actor, totalUpdates);
        CriticOutput reward = new("reward_critic_loss", 0, one => one.RewardValues, one => one.RewardReturns), cost = new("cost_critic_loss", 1, one => one.CostValues, one => one.CostReturns);
        if (roles.Critics.IsJoint) Add("critics", roles.Critics.Reward, [.. sampler.UsesReward ? (CriticOutput[])[reward] : [], .. sampler.UsesCost ? (CriticOutput[])[cost] : []]);
        else
        {
            if (sampler.UsesReward) Add("reward_critic", roles.Critics.Reward, [reward]);
            if (sampler.UsesCost) Add("cost_critic", roles.Critics.Cost, [cost]);
        }

        void Add(string name, ScorerRole role, CriticOutput[] outputs) =>
            critics.Add(new(name, role, new Updater($"ppo {name.Replace('_', ' ')}", role.Prepare(false, settings.GradientCheckpointing), settings.Critics, totalUpdates), outputs));
    }

    public void Track(TrainingRun run)
    {
        run.TrackTraining("actor", roles.Actor.Trainable(), actor);
        foreach (Critic critic in critics) run.TrackTraining(critic.Name, critic.Role.Trainable(), critic.Updater);
    }

    /// <summary>Runs the round's updates and gives the means of their figures.</summary>
    public IReadOnlyDictionary<string, double> Run(IReadOnlyList<Episode> episodes, double lambda, long round, long updatesPerRound)
    {
        Dictionary<string, List<double>> figures = [];
        long done = round * updatesPerRound;
        for (int epoch = 0; epoch < settings.UpdateEpochs; epoch++)
        {
            int[] order = new RandomStream(settings.Seed, $"minibatches/{round}/{epoch}").Permutation(episodes.Count);
            foreach (int[] chosen in order.Chunk(settings.MiniBatch))
            {
                using DisposeScope scope = NewDisposeScope();
                foreach ((string name, double value) in Step([.. chosen.Select(i => episodes[i])], lambda, done++))
                {
                    if (!figures.TryGetValue(name, out List<double>? values)) figures.Add(name, values = []);
                    values.Add(value);
                }
            }
        }
        return figures.ToDictionary(pair => pair.Key, pair => pair.Value.Average());
    }

    public void Dispose()
    {
        actor.Dispose();
        foreach (Critic critic in critics) critic.Updater.Dispose();
    }

    private List<(string Name, double Value)> Step(Episode[] episodes, double lambda, long step)
    {
        Part[] parts = [.. Steps.Micro(episodes, settings.MicroBatch).Select(part => new Part(part, prompts, Share(part, episodes, settings.Reduction), Share(part, episodes, Reduction.Token)))];
        double loss = 0, clipped = 0, divergence = 0, entropy = 0;
        foreach (Part part in parts)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor advantages_BT = !sampler.UsesReward ? part.Pad(one => one.CostAdvantages).neg()
                : !sampler.UsesCost ? part.Pad(one => one.RewardAdvantages)
                : Advantages.Combine(part.Pad(one => one.RewardAdvantages), part.Pad(one => one.CostAdvantages), lambda);
            (Tensor logProbs_BT, Tensor entropy_BT) = roles.Actor.LogProbsAndEntropy(part.Batch, settings.Temperature);
            PolicyLoss policy = PolicyLosses.ClippedSurrogate(logProbs_BT, part.Pad(one => one.LogProbs), advantages_BT, part.Mask_BT, settings.ClipRange, settings.Reduction);
            loss += part.Backward(policy.Loss);
            clipped += part.TokenShare * policy.ClipFraction.item<float>();
            divergence += part.TokenShare * policy.ApproximateKl.item<float>();
            entropy += part.TokenShare * Masked.Mean(entropy_BT, part.Mask_BT, Reduction.Token).item<float>();
        }
        List<(string, double)> figures = [("actor_loss", loss)];
        if (ptx is not null) figures.Add(("ptx_loss", Imitate(ptx.Next(settings.PtxBatch))));
        double rate = actor.RateAt(step);
        figures.AddRange([("actor_gradient_norm", actor.Apply(step)), ("clip_fraction", clipped), ("approximate_kl", divergence), ("entropy", entropy), ("learning_rate", rate)]);
        foreach (Critic critic in critics) figures.AddRange(Criticise(critic, parts, step));
        return figures;
    }

    private double Imitate(IReadOnlyList<EncodedSample> rows)
    {
        double sum = 0, tokens = rows.Sum(row => row.LearntTokens);
        foreach (EncodedSample[] part in Steps.Micro(rows, settings.MicroBatch))
        {
            using DisposeScope scope = NewDisposeScope();
            double share = part.Sum(row => row.LearntTokens) / tokens;
            Tensor loss = roles.Actor.NextTokenLoss(instructions!.Collate(part));
            loss.Times(settings.PtxCoefficient * share).backward();
            sum += share * loss.item<float>();
        }
        return sum;
    }

    private IEnumerable<(string Name, double Loss)> Criticise(Critic critic, Part[] parts, long step)
    {
        double[] sums = new double[critic.Outputs.Length];
        foreach (Part part in parts)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor values = critic.Role.Values(part.Batch);
            Tensor[] losses = [.. critic.Outputs.Select(output => ValueLosses.ClippedCritic(
                values.dim() == 2 ? values : values.select(-1, output.Column), part.Pad(output.Old), part.Pad(output.Returns), part.Mask_BT, settings.ClipValue, settings.Reduction))];
            part.Backward(losses.Aggregate((sum, loss) => sum.Plus(loss)));
            for (int i = 0; i < losses.Length; i++) sums[i] += part.Share * losses[i].item<float>();
        }
        double norm = critic.Updater.Apply(step);
        return [.. critic.Outputs.Zip(sums, (output, sum) => (output.Name, sum)), ($"{critic.Name}_gradient_norm", norm)];
    }

    // the weight with which a part's mean counts in the mean over all rows
    private static double Share(Episode[] part, Episode[] all, Reduction reduction)
    {
        double Count(Episode[] of) => reduction == Reduction.Row ? of.Count(one => one.LogProbs.Length > 0) : of.Sum(one => one.LogProbs.Length);
        return Count(part) / Math.Max(1, Count(all));
    }

    /// <summary>A critic with its update: one of reward or cost, or both in one pass.</summary>
    private sealed record Critic(string Name, ScorerRole Role, Updater Updater, CriticOutput[] Outputs);

    /// <summary>What one output of a critic learns.</summary>
    private sealed record CriticOutput(string Name, int Column, Func<Episode, float[]> Old, Func<Episode, float[]> Returns);

    /// <summary>Rows that run at a time.</summary>
    private sealed class Part
    {
        private readonly Episode[] episodes;

        public Part(Episode[] episodes, TrainingData data, double share, double tokenShare)
        {
            (this.episodes, Share, TokenShare) = (episodes, share, tokenShare);
            Batch = data.Collate([.. episodes.Select(episode => episode.Sample)]);
            Mask_BT = Batch.ResponseMask_BT;
        }

        public SequenceBatch Batch { get; }

        public Tensor Mask_BT { get; }

        public double Share { get; }

        // the measures of an update are means over tokens, whatever the reduction of its loss
        public double TokenShare { get; }

        public Tensor Pad(Func<Episode, float[]> of) => Ragged.Pad([.. episodes.Select(of)], Batch.ResponseLength, Batch.Ids_BL.device);

        /// <summary>Adds the loss's part to the gradients, and gives it.</summary>
        public double Backward(Tensor loss)
        {
            loss.Times(Share).backward();
            return Share * loss.item<float>();
        }
    }
}
