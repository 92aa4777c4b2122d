using SafeRlhfV.Data;
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
    private readonly Updater? rewardCritic, costCritic;

    public PpoUpdate(
        PpoRoles roles, TrainingData prompts, TrainingData? instructions, RowFeed<EncodedSample>? ptx, RolloutSampler sampler, PpoSettings settings, long totalUpdates)
    {
        (this.roles, this.prompts, this.instructions, this.ptx, this.sampler, this.settings) = (roles, prompts, instructions, ptx, sampler, settings);
        actor = new("ppo actor", roles.Actor.Prepare(false, settings.GradientCheckpointing), settings.Actor, totalUpdates);
        if (sampler.UsesReward) rewardCritic = new("ppo reward critic", roles.RewardCritic.Prepare(false, settings.GradientCheckpointing), settings.Critics, totalUpdates);
        if (sampler.UsesCost) costCritic = new("ppo cost critic", roles.CostCritic.Prepare(false, settings.GradientCheckpointing), settings.Critics, totalUpdates);
    }

    public void Track(TrainingRun run)
    {
        run.TrackTraining("actor", roles.Actor.Trainable(), actor);
        if (rewardCritic is not null) run.TrackTraining("reward_critic", roles.RewardCritic.Trainable(), rewardCritic);
        if (costCritic is not null) run.TrackTraining("cost_critic", roles.CostCritic.Trainable(), costCritic);
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
        rewardCritic?.Dispose();
        costCritic?.Dispose();
    }

    private IEnumerable<(string Name, double Value)> Step(Episode[] part, double lambda, long step)
    {
        SequenceBatch batch = prompts.Collate([.. part.Select(episode => episode.Sample)]);
        Tensor mask_BT = batch.ResponseMask_BT;
        List<(string, double)> figures = [];
        Tensor Pad(Func<Episode, float[]> of) => Ragged.Pad([.. part.Select(of)], batch.ResponseLength, batch.Ids_BL.device);

        Tensor advantages_BT = !sampler.UsesReward ? Pad(one => one.CostAdvantages).neg()
            : !sampler.UsesCost ? Pad(one => one.RewardAdvantages)
            : Advantages.Combine(Pad(one => one.RewardAdvantages), Pad(one => one.CostAdvantages), lambda);
        (Tensor logProbs_BT, Tensor entropy_BT) = roles.Actor.LogProbsAndEntropy(batch, settings.Temperature);
        PolicyLoss policy = PolicyLosses.ClippedSurrogate(logProbs_BT, Pad(one => one.LogProbs), advantages_BT, mask_BT, settings.ClipRange, settings.Reduction);
        policy.Loss.backward();
        figures.Add(("actor_loss", policy.Loss.item<float>()));
        if (ptx is not null)
        {
            Tensor loss = roles.Actor.NextTokenLoss(instructions!.Collate(ptx.Next(settings.PtxBatch)));
            (loss * settings.PtxCoefficient).backward();
            figures.Add(("ptx_loss", loss.item<float>()));
        }
        double rate = actor.RateAt(step);
        figures.Add(("actor_gradient_norm", actor.Apply(step)));
        figures.AddRange([("clip_fraction", policy.ClipFraction.item<float>()), ("approximate_kl", policy.ApproximateKl.item<float>()), ("entropy", Masked.Mean(entropy_BT, mask_BT, Reduction.Token).item<float>()), ("learning_rate", rate)]);
        if (rewardCritic is not null) figures.Add(("reward_critic_loss", Criticise(roles.RewardCritic, rewardCritic, batch, Pad(one => one.RewardValues), Pad(one => one.RewardReturns), step)));
        if (costCritic is not null) figures.Add(("cost_critic_loss", Criticise(roles.CostCritic, costCritic, batch, Pad(one => one.CostValues), Pad(one => one.CostReturns), step)));
        return figures;
    }

    private double Criticise(ScorerRole critic, Updater updater, SequenceBatch batch, Tensor old_BT, Tensor returns_BT, long step)
    {
        Tensor loss = ValueLosses.ClippedCritic(critic.Values(batch), old_BT, returns_BT, batch.ResponseMask_BT, settings.ClipValue, settings.Reduction);
        loss.backward();
        updater.Apply(step);
        return loss.item<float>();
    }
}
