using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

/// <summary>One whole PPO-Lagrangian minibatch, from logits to the three losses and their gradients.</summary>
internal static class FullStep
{
    public static Dictionary<string, Tensor> Run(GoldenCase golden, ScalarType dtype)
    {
        Tensor ids = golden.Stored("ids");
        long prompt = (long)golden.Number("prompt_width"), width = ids.shape[1] - prompt;
        Tensor generated = ids.narrow(1, prompt, width);
        Tensor mask = ResponseMask.FromTokens(generated, [(long)golden.Number("eos")]);
        Assert.Equal(golden.Stored("response_len").data<long>().ToArray(), ResponseMask.Lengths(mask).data<long>().ToArray());

        // token t and its value are read at the position before it
        Tensor Before(Tensor perPosition) => perPosition.narrow(1, prompt - 1, width);
        Tensor logitsNew = golden.Input("logits_new", dtype).requires_grad_(true);
        Tensor rewardScores = golden.Input("reward_scores_new", dtype).requires_grad_(true), costScores = golden.Input("cost_scores_new", dtype).requires_grad_(true);
        Tensor old = TokenLogProbabilities.FromLogits(Before(golden.Input("logits_old", dtype)), generated);
        Tensor reference = TokenLogProbabilities.FromLogits(Before(golden.Input("logits_ref", dtype)), generated);
        Tensor current = TokenLogProbabilities.FromLogits(Before(logitsNew), generated);
        Tensor oldRewardValues = Before(golden.Input("reward_scores_old", dtype)), oldCostValues = Before(golden.Input("cost_scores_old", dtype));

        ShapedScores scores = KlShaping.Scores(old, reference, mask, golden.Input("reward", dtype), golden.Input("cost", dtype), golden.Number("beta"), golden.Number("clip_score"));
        (double gamma, double lambda) = (golden.Number("gamma"), golden.Number("gae_lambda"));
        AdvantageEstimates reward = Advantages.Gae(oldRewardValues, scores.Rewards_BT, mask, gamma, lambda), cost = Advantages.Gae(oldCostValues, scores.Costs_BT, mask, gamma, lambda);
        Tensor advantages = Advantages.Combine(reward.Advantages_BT, cost.Advantages_BT, golden.Number("lambda"));
        PolicyLoss actor = PolicyLosses.ClippedSurrogate(current, old, advantages, mask, golden.Number("eps"));
        Tensor rewardCritic = ValueLosses.ClippedCritic(Before(rewardScores), oldRewardValues, reward.Returns_BT, mask, golden.Number("clip_value"));
        Tensor costCritic = ValueLosses.ClippedCritic(Before(costScores), oldCostValues, cost.Returns_BT, mask, golden.Number("clip_value"));
        actor.Loss.backward();
        rewardCritic.backward();
        costCritic.backward();
        return new()
        {
            ["mask"] = mask,
            ["old_log_probs"] = old,
            ["ref_log_probs"] = reference,
            ["log_probs"] = current,
            ["rewards"] = scores.Rewards_BT,
            ["costs"] = scores.Costs_BT,
            ["adv_reward"] = reward.Advantages_BT,
            ["adv_cost"] = cost.Advantages_BT,
            ["ret_reward"] = reward.Returns_BT,
            ["ret_cost"] = cost.Returns_BT,
            ["advantages"] = advantages,
            ["actor_loss"] = actor.Loss,
            ["reward_critic_loss"] = rewardCritic,
            ["cost_critic_loss"] = costCritic,
            ["grad_logits_new"] = logitsNew.grad!,
            ["grad_reward_scores_new"] = rewardScores.grad!,
            ["grad_cost_scores_new"] = costScores.grad!,
        };
    }
}
