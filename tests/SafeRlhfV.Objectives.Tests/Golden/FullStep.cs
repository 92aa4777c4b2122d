using System.Numerics;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

/// <summary>
/// One whole PPO-Lagrangian minibatch, from logits to the three losses and their gradients, by <see cref="SafePpo"/> as the trainer calls it.
/// </summary>
internal static class FullStep
{
    public static Dictionary<string, Tensor> Run(GoldenCase golden, ScalarType dtype) => dtype == ScalarType.Float64
        ? Run<double>(golden, dtype)
        : Run<float>(golden, dtype);

    private static Dictionary<string, Tensor> Run<T>(GoldenCase golden, ScalarType dtype) where T : unmanaged, IFloatingPointIeee754<T>
    {
        Tensor ids = golden.Stored("ids");
        long prompt = (long)golden.Number("prompt_width"), width = ids.shape[1] - prompt;
        Tensor generated = ids.narrow(1, prompt, width);
        Tensor mask = Scalars.Range(width).unsqueeze(0).lt(golden.Stored("response_len").unsqueeze(1));
        SafePpoOptions options = new()
        {
            KlCoefficient = golden.Number("beta"),
            ClipScore = golden.Number("clip_score"),
            Gamma = golden.Number("gamma"),
            GaeLambda = golden.Number("gae_lambda"),
            ClipRange = golden.Number("eps"),
            ClipValue = golden.Number("clip_value"),
        };

        // token t and its value are read at the position before it
        Tensor Before(Tensor perPosition) => perPosition.narrow(1, prompt - 1, width);
        Tensor LogProbs(Tensor logits) => TokenLogProbabilities.FromLogits(Before(logits), generated);
        Tensor old = LogProbs(golden.Input("logits_old", dtype)), reference = LogProbs(golden.Input("logits_ref", dtype));
        T[][] olds = Rows.Of<T>(old, mask), references = Rows.Of<T>(reference, mask);
        T[][] rewardValues = Rows.Of<T>(Before(golden.Input("reward_scores_old", dtype)), mask),
            costValues = Rows.Of<T>(Before(golden.Input("cost_scores_old", dtype)), mask);
        T[] rewards = Rows.Flat<T>(golden.Input("reward", dtype)), costs = Rows.Flat<T>(golden.Input("cost", dtype));
        ShapedResponse<T>[] responses =
            [.. rewards.Select((reward, row) => SafePpo.Shape(olds[row], references[row], reward, costs[row], options))
                .Select((shaped, row) => SafePpo.Estimate(shaped, rewardValues[row], costValues[row], options))];
        SafePpoBatch batch = SafePpoBatch.Collate(responses, mask);

        Tensor logits = golden.Input("logits_new", dtype).requires_grad_(true), current = LogProbs(logits);
        Tensor rewardScores = golden.Input("reward_scores_new", dtype).requires_grad_(true),
            costScores = golden.Input("cost_scores_new", dtype).requires_grad_(true);
        double lambda = golden.Number("lambda");
        SafePpoLosses losses = SafePpo.ComputeLosses(batch, lambda, options, current, Before(rewardScores), Before(costScores));
        losses.Actor!.Loss.backward();
        losses.RewardCritic!.backward();
        losses.CostCritic!.backward();
        return new()
        {
            ["mask"] = mask,
            ["old_log_probs"] = old,
            ["ref_log_probs"] = reference,
            ["log_probs"] = current,
            ["rewards"] = Rows.Spread([.. responses.Select(one => one.Rewards)], mask),
            ["costs"] = Rows.Spread([.. responses.Select(one => one.Costs)], mask),
            ["adv_reward"] = batch.Reward!.Advantages_BT,
            ["adv_cost"] = batch.Cost!.Advantages_BT,
            ["ret_reward"] = batch.Reward.Returns_BT,
            ["ret_cost"] = batch.Cost.Returns_BT,
            ["advantages"] = SafePpo.CombinedAdvantages(batch, lambda),
            ["actor_loss"] = losses.Actor.Loss,
            ["reward_critic_loss"] = losses.RewardCritic,
            ["cost_critic_loss"] = losses.CostCritic,
            ["grad_logits_new"] = logits.grad!,
            ["grad_reward_scores_new"] = rewardScores.grad!,
            ["grad_cost_scores_new"] = costScores.grad!,
        };
    }
}
