using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>Makes the episodes of a round: answers by the actor, log-probabilities of the reference, scores, values, advantages.</summary>
internal sealed class RolloutSampler(PpoRoles roles, TrainingData data, PpoSettings settings)
{
    /// <summary>Whether λ can ever make the cost count, or the reward: a critic that cannot is neither run nor trained.</summary>
    public bool UsesCost { get; } = settings.CostOnly || settings.Mode != MultiplierMode.Fixed || settings.Multiplier.Initial > 0;

    /// <summary>See <see cref="UsesCost"/>.</summary>
    public bool UsesReward { get; } = !settings.CostOnly;

    /// <summary>Samples an answer to each prompt. Row i of a round draws from a stream of its own.</summary>
    public IReadOnlyList<Episode> Sample(IReadOnlyList<EncodedSample> prompts, long round, CancellationToken cancel)
    {
        List<Episode> episodes = [];
        foreach (EncodedSample[] part in RolloutParts.Of(prompts, settings, RolloutParts.BytesOfToken(roles.Actor.Model)))
        {
            using DisposeScope scope = NewDisposeScope();
            int first = episodes.Count;
            RandomStream[] streams = [.. Enumerable.Range(first, part.Length).Select(row => new RandomStream(settings.Seed, $"rollout/{round}/{row}"))];
            GenerationSettings generation = new()
            {
                MaxNewTokens = settings.MaxNewTokens,
                Temperature = settings.Temperature,
                EosTokenIds = data.Processor.EosTokenIds,
                PadTokenId = data.Processor.PadTokenId,
                LogProbs = true,
            };
            using GenerationResult result = roles.Actor.Generate(data.Collate(part), generation, streams, cancel);
            float[][] logProbs = Ragged.Cut(result.LogProbs_BT!, result.Lengths);
            for (int row = 0; row < part.Length; row++)
                episodes.Add(new Episode
                {
                    Sample = part[row] with { Response = [.. result.Row(row)] },
                    Ended = result.Finishes[row] == FinishReason.EndToken,
                    LogProbs = logProbs[row],
                });
        }
        return episodes;
    }

    /// <summary>Adds what reference, score models and critics say, then the advantages.</summary>
    public void Judge(IReadOnlyList<Episode> episodes)
    {
        using IDisposable noGrad = no_grad();
        foreach (Episode[] part in episodes.Chunk(settings.MicroBatch > 0 ? settings.MicroBatch : settings.MiniBatch))
        {
            using DisposeScope scope = NewDisposeScope();
            SequenceBatch batch = data.Collate([.. part.Select(episode => episode.Sample)]);
            int[] lengths = [.. part.Select(episode => episode.Sample.Response.Length)];
            float[][] references = Ragged.Cut(roles.Reference.LogProbs(batch, settings.Temperature), lengths);
            (Tensor reward_B, Tensor cost_B) = roles.Scores.EndScores(batch);
            float[] rewards = Host(reward_B), costs = Host(cost_B);
            (Tensor? rewards_BT, Tensor? costs_BT) = roles.Critics.Values(batch, UsesReward, UsesCost);
            float[][]? rewardValues = rewards_BT is null ? null : Ragged.Cut(rewards_BT, lengths), costValues = costs_BT is null ? null : Ragged.Cut(costs_BT, lengths);
            for (int row = 0; row < part.Length; row++)
            {
                part[row].ReferenceLogProbs = references[row];
                (part[row].Reward, part[row].Cost) = (rewards[row], costs[row]);
                if (rewardValues is not null) part[row].RewardValues = rewardValues[row];
                if (costValues is not null) part[row].CostValues = costValues[row];
            }
            Estimate(part, batch);
        }
    }

    private void Estimate(Episode[] part, SequenceBatch batch)
    {
        Tensor Pad(Func<Episode, float[]> of) => Ragged.Pad([.. part.Select(of)], batch.ResponseLength, batch.Ids_BL.device);
        int[] lengths = [.. part.Select(episode => episode.Sample.Response.Length)];
        Tensor mask_BT = batch.ResponseMask_BT;
        ShapedScores shaped = KlShaping.Scores(
            Pad(one => one.LogProbs), Pad(one => one.ReferenceLogProbs), mask_BT, tensor(part.Select(one => one.Reward).ToArray(), device: mask_BT.device),
            tensor(part.Select(one => one.Cost).ToArray(), device: mask_BT.device), settings.KlCoefficient, settings.ClipScore);
        if (UsesReward)
        {
            AdvantageEstimates estimates = Advantages.Gae(Pad(one => one.RewardValues), shaped.Rewards_BT, mask_BT, settings.Gamma, settings.GaeLambda);
            (float[][] advantages, float[][] returns) = (Ragged.Cut(estimates.Advantages_BT, lengths), Ragged.Cut(estimates.Returns_BT, lengths));
            for (int row = 0; row < part.Length; row++) (part[row].RewardAdvantages, part[row].RewardReturns) = (advantages[row], returns[row]);
        }
        if (UsesCost)
        {
            AdvantageEstimates estimates = Advantages.Gae(Pad(one => one.CostValues), shaped.Costs_BT, mask_BT, settings.Gamma, settings.GaeLambda);
            (float[][] advantages, float[][] returns) = (Ragged.Cut(estimates.Advantages_BT, lengths), Ragged.Cut(estimates.Returns_BT, lengths));
            for (int row = 0; row < part.Length; row++) (part[row].CostAdvantages, part[row].CostReturns) = (advantages[row], returns[row]);
        }
    }

    private static float[] Host(Tensor x) => x.to(ScalarType.Float32).cpu().contiguous().data<float>().ToArray();
}
