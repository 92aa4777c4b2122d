using System.Diagnostics;
using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using SafeRlhfV.Training;
using static TorchSharp.torch;

namespace SafeRlhfV.Cli;

/// <summary>
/// One step of Safe PPO on 16 prompts of 64 tokens with answers of 64: roll out (log-probabilities kept from sampling, as the trainer does), score, estimate
/// advantages twice, one update of actor and both critics. The roles are six full models, or one frozen backbone under three LoRA adapters (actor, scores, critics). The shared backbone is
/// what saves memory, so there it also runs a quarter of the rows at a time (training.micro_batch) and sums the gradients.
/// </summary>
internal static class PpoStepWork
{
    private const int Rows = 16, Prompt = 64, Answer = 64, Rank = 8, MicroBatch = 4;
    private const double LearningRate = 1e-5, Multiplier = 0.5;

    public static void Run(BenchSettings settings, bool shared)
    {
        using PpoModels models = shared ? PpoModels.Shared(Rank) : PpoModels.Apart();
        PpoRoles roles = models.Roles;
        Role[] trained = [roles.Actor, .. roles.Critics.Scorers];
        AdamW[] optimizers = [.. trained.Select(role => new AdamW(models.Prepare(role)))];
        Tensor ids_BP = TinyModel.Ids(Rows, Prompt);
        SequenceBatch prompts = new(ids_BP, TinyModel.All(ids_BP), Prompt, null);
        RandomStream[] streams = [.. Enumerable.Range(0, Rows).Select(row => new RandomStream(0, $"bench/{row}"))];
        GenerationSettings generation = new() { MaxNewTokens = Answer, LogProbs = true };
        List<(double Rollout, double Score, double Update)> splits = [];
        double seconds = Measure.Median(() =>
        {
            long start = Stopwatch.GetTimestamp();
            using GenerationResult answers = roles.Actor.Generate(prompts, generation, streams);
            Tensor ids_BL = cat([ids_BP, answers.Tokens_BT], 1);
            double rollout = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            Part[] parts = [.. Steps(shared ? MicroBatch : Rows).Select(rows => Judge(roles, new SequenceBatch(ids_BL[rows], TinyModel.All(ids_BL[rows]), Prompt, null), answers.LogProbs_BT![rows]))];
            double score = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            Update(roles, parts, optimizers);
            splits.Add((rollout, score - rollout, Stopwatch.GetElapsedTime(start).TotalMilliseconds - score));
        }, settings.FewRepeats);
        Measure.Emit(settings, "ppo-step", ("sharing", shared ? "backbone" : "none"), ("ms", Math.Round(seconds * 1e3, 1)), ("samples_per_s", Math.Round(Rows / seconds, 2)),
            ("rollout_ms", Math.Round(splits[^1].Rollout)), ("score_ms", Math.Round(splits[^1].Score)), ("update_ms", Math.Round(splits[^1].Update)), ("peak_rss_mib", Measure.Mebibytes("VmHWM")));
        foreach (AdamW optimizer in optimizers) optimizer.Dispose();
    }

    private static IEnumerable<TensorIndex> Steps(int rows) => Enumerable.Range(0, Rows / rows).Select(part => TensorIndex.Slice(part * rows, (part + 1) * rows));

    private static Part Judge(PpoRoles roles, SequenceBatch batch, Tensor logProbs_BT)
    {
        using IDisposable noGrad = no_grad();
        Tensor mask_BT = batch.ResponseMask_BT;
        Tensor reference_BT = roles.Reference.LogProbs(batch);
        (Tensor reward_B, Tensor cost_B) = roles.Scores.EndScores(batch);
        (Tensor? rewardValues_BT, Tensor? costValues_BT) = roles.Critics.Values(batch);
        ShapedScores shaped = KlShaping.Scores(logProbs_BT, reference_BT, mask_BT, reward_B, cost_B);
        AdvantageEstimates reward = Advantages.Gae(rewardValues_BT!, shaped.Rewards_BT, mask_BT), cost = Advantages.Gae(costValues_BT!, shaped.Costs_BT, mask_BT);
        return new Part(batch, logProbs_BT, Advantages.Combine(reward.Advantages_BT, cost.Advantages_BT, Multiplier), rewardValues_BT!, reward.Returns_BT, costValues_BT!, cost.Returns_BT);
    }

    private static void Update(PpoRoles roles, Part[] parts, AdamW[] optimizers)
    {
        foreach (Part part in parts)
        {
            Tensor mask_BT = part.Batch.ResponseMask_BT;
            void Backward(Tensor loss) => loss.Over(parts.Length).backward();
            Backward(PolicyLosses.ClippedSurrogate(roles.Actor.LogProbs(part.Batch), part.LogProbs_BT, part.Advantages_BT, mask_BT).Loss);
            if (roles.Critics.IsJoint)
            {
                (Tensor? reward_BT, Tensor? cost_BT) = roles.Critics.Values(part.Batch);
                Backward(RewardLoss(reward_BT!).Plus(CostLoss(cost_BT!)));
            }
            else
            {
                Backward(RewardLoss(roles.Critics.Reward.Values(part.Batch)));
                Backward(CostLoss(roles.Critics.Cost.Values(part.Batch)));
            }

            Tensor RewardLoss(Tensor values_BT) => ValueLosses.ClippedCritic(values_BT, part.RewardValues_BT, part.RewardReturns_BT, mask_BT);
            Tensor CostLoss(Tensor values_BT) => ValueLosses.ClippedCritic(values_BT, part.CostValues_BT, part.CostReturns_BT, mask_BT);
        }
        foreach (AdamW optimizer in optimizers)
        {
            optimizer.Step(LearningRate);
            optimizer.ZeroGrad();
        }
    }

    private sealed record Part(SequenceBatch Batch, Tensor LogProbs_BT, Tensor Advantages_BT, Tensor RewardValues_BT, Tensor RewardReturns_BT, Tensor CostValues_BT, Tensor CostReturns_BT);
}
