using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

/// <summary>How each golden objective is computed here: from a case and a precision to all its outputs by name.</summary>
internal static class GoldenObjectives
{
    public static readonly IReadOnlyDictionary<string, Func<GoldenCase, ScalarType, Dictionary<string, Tensor>>> Known =
        new Dictionary<string, Func<GoldenCase, ScalarType, Dictionary<string, Tensor>>>
        {
            ["rm_loss"] = RewardLoss,
            ["cm_loss"] = CostLoss,
            ["end_score"] = EndScore,
            ["response_mask"] = MaskOfResponse,
            ["gae"] = Gae,
            ["kl_scores"] = Kl,
            ["combined_advantage"] = (golden, dtype) =>
                new() { ["advantages"] = Advantages.Combine(golden.Input("adv_reward", dtype), golden.Input("adv_cost", dtype), golden.Number("lambda")) },
            ["actor_loss"] = Actor,
            ["critic_loss"] = Critic,
            ["ptx_loss"] = Ptx,
            ["multiplier"] = Multipliers,
            ["full_step"] = FullStep.Run,
            ["dpo_loss"] = DpoLosses,
            ["log_probs"] = LogProbabilities,
        };

    /// <summary>Objectives in the index that are proved in another room.</summary>
    public static readonly IReadOnlyDictionary<string, string> Elsewhere = new Dictionary<string, string>
    {
        ["metrics"] = "the metrics are torch-free and proved in SafeRlhfV.Evaluation.Tests",
        ["sampling_filters"] = "the filters belong to generation and are proved in SafeRlhfV.Models.Tests",
    };

    private static Dictionary<string, Tensor> RewardLoss(GoldenCase golden, ScalarType dtype)
    {
        Tensor w = golden.Input("w", dtype).requires_grad_(true), l = golden.Input("l", dtype).requires_grad_(true);
        Tensor loss = PreferenceLosses.Reward(w, l, golden.Number("eta"));
        loss.backward();
        return new() { ["loss"] = loss, ["grad_w"] = w.grad!, ["grad_l"] = l.grad!, ["accuracy"] = PreferenceLosses.PairAccuracy(w, l) };
    }

    private static Dictionary<string, Tensor> CostLoss(GoldenCase golden, ScalarType dtype)
    {
        Tensor h = golden.Input("h", dtype).requires_grad_(true), s = golden.Input("s", dtype).requires_grad_(true);
        HarmLabels mode = Enum.Parse<HarmLabels>(golden.Text("z_mode"), ignoreCase: true);
        Tensor labelH = PreferenceLosses.Labels(mode, golden.Stored("harmless_rate_h"), dtype), labelS = PreferenceLosses.Labels(mode, golden.Stored("harmless_rate_s"), dtype);
        Tensor loss = PreferenceLosses.Cost(h, s, labelH, labelS, golden.Number("kappa"), golden.Number("eta"));
        loss.backward();
        return new() { ["loss"] = loss, ["grad_h"] = h.grad!, ["grad_s"] = s.grad!, ["z_h"] = labelH, ["z_s"] = labelS, ["pair_accuracy"] = PreferenceLosses.PairAccuracy(h, s) };
    }

    private static Dictionary<string, Tensor> EndScore(GoldenCase golden, ScalarType dtype)
    {
        Tensor hidden = golden.Input("hidden", dtype).requires_grad_(true), weight = golden.Input("weight", dtype).requires_grad_(true);
        Tensor mask = golden.Stored("attention_mask"), upstream = golden.Input("upstream", dtype);
        Tensor scores = EndScores.PerToken(hidden, weight), end = EndScores.At(scores, mask);
        (end * upstream).sum().backward();
        Dictionary<string, Tensor> outputs = new()
        {
            ["scores"] = scores,
            ["end_index"] = EndScores.LastValid(mask),
            ["end_score"] = end,
            ["grad_hidden"] = hidden.grad!,
            ["grad_weight"] = weight.grad!,
        };
        // the shorter way, which applies the head to the last tokens only, gives the same
        Tensor hidden2 = golden.Input("hidden", dtype).requires_grad_(true), weight2 = golden.Input("weight", dtype).requires_grad_(true);
        Tensor short_B = EndScores.FromHidden(hidden2, weight2, mask.to(ScalarType.Bool));
        (short_B * upstream).sum().backward();
        Compare.Close(golden, dtype, "end_score", short_B);
        Compare.Close(golden, dtype, "grad_hidden", hidden2.grad!);
        Compare.Close(golden, dtype, "grad_weight", weight2.grad!);
        return outputs;
    }

    private static Dictionary<string, Tensor> MaskOfResponse(GoldenCase golden, ScalarType dtype)
    {
        Tensor mask = ResponseMask.FromTokens(golden.Stored("generated"), [.. golden.Parameter("eos").EnumerateArray().Select(id => id.GetInt64())]);
        Tensor lengths = ResponseMask.Lengths(mask);
        Assert.True(ResponseMask.FromLengths(lengths, mask.shape[1]).eq(mask).all().item<bool>());
        return new() { ["response_len"] = lengths, ["mask"] = mask };
    }

    private static Dictionary<string, Tensor> Gae(GoldenCase golden, ScalarType dtype)
    {
        AdvantageEstimates got = Advantages.Gae(golden.Input("values", dtype), golden.Input("rewards", dtype), golden.Stored("mask"), golden.Number("gamma"), golden.Number("lambda"));
        return new() { ["advantages"] = got.Advantages_BT, ["returns"] = got.Returns_BT };
    }

    private static Dictionary<string, Tensor> Kl(GoldenCase golden, ScalarType dtype)
    {
        ShapedScores got = KlShaping.Scores(
            golden.Input("log_probs", dtype), golden.Input("ref_log_probs", dtype), golden.Stored("mask"), golden.Input("reward", dtype), golden.Input("cost", dtype),
            golden.Number("beta"), golden.Number("clip_score"));
        return new() { ["rewards"] = got.Rewards_BT, ["costs"] = got.Costs_BT, ["kl_sum"] = got.KlSum };
    }

    private static Dictionary<string, Tensor> Actor(GoldenCase golden, ScalarType dtype)
    {
        Tensor advantages = Advantages.Combine(golden.Input("adv_reward", dtype), golden.Input("adv_cost", dtype), golden.Number("lambda"));
        Dictionary<string, Tensor> outputs = [];
        foreach (Reduction reduction in Enum.GetValues<Reduction>())
        {
            Tensor logProbs = golden.Input("log_probs", dtype).requires_grad_(true);
            PolicyLoss loss = PolicyLosses.ClippedSurrogate(logProbs, golden.Input("old_log_probs", dtype), advantages, golden.Stored("mask"), golden.Number("eps"), reduction);
            loss.Loss.backward();
            string suffix = reduction.ToString().ToLowerInvariant();
            outputs[$"loss_{suffix}"] = loss.Loss;
            outputs[$"grad_log_probs_{suffix}"] = logProbs.grad!;
            (outputs["clip_fraction"], outputs["approx_kl"]) = (loss.ClipFraction, loss.ApproximateKl);
        }
        return outputs;
    }

    private static Dictionary<string, Tensor> Critic(GoldenCase golden, ScalarType dtype)
    {
        Dictionary<string, Tensor> outputs = [];
        foreach (Reduction reduction in Enum.GetValues<Reduction>())
        {
            Tensor values = golden.Input("values", dtype).requires_grad_(true);
            Tensor loss = ValueLosses.ClippedCritic(values, golden.Input("old_values", dtype), golden.Input("returns", dtype), golden.Stored("mask"), golden.Number("clip_value"), reduction);
            loss.backward();
            string suffix = reduction.ToString().ToLowerInvariant();
            (outputs[$"loss_{suffix}"], outputs[$"grad_values_{suffix}"]) = (loss, values.grad!);
        }
        return outputs;
    }

    private static Dictionary<string, Tensor> Ptx(GoldenCase golden, ScalarType dtype)
    {
        Tensor logits = golden.Input("logits", dtype).requires_grad_(true), labels = golden.Stored("labels");
        Tensor scaled = PolicyLosses.Ptx(logits, labels, golden.Number("ptx_coeff"));
        scaled.backward();
        return new()
        {
            ["loss"] = NextTokenLoss.FromLogits(logits, labels),
            ["loss_scaled"] = scaled,
            ["grad_logits"] = logits.grad!,
            ["targets"] = tensor(NextTokenLoss.Targets(labels)),
        };
    }

    private static Dictionary<string, Tensor> Multipliers(GoldenCase golden, ScalarType dtype)
    {
        MultiplierOptions options = new()
        {
            Initial = golden.Number("lambda_init"),
            Maximum = golden.OptionalNumber("lambda_max"),
            Budget = golden.Number("budget"),
            LearningRate = golden.OptionalNumber("lr") ?? 0,
            Delay = (int)golden.Number("delay"),
            Window = (int)golden.Number("window"),
            Proportional = golden.OptionalNumber("kp") ?? 0,
            Integral = golden.OptionalNumber("ki") ?? 0,
            Derivative = golden.OptionalNumber("kd") ?? 0,
            IntegralMaximum = golden.OptionalNumber("integral_max"),
        };
        IMultiplier multiplier = Multiplier.Create(Enum.Parse<MultiplierMode>(golden.Text("mode"), ignoreCase: true), options);
        Tensor costs = golden.Input("episode_costs", ScalarType.Float64);
        (int steps, int each) = ((int)costs.shape[0], (int)costs.shape[1]);
        double[] all = costs.data<double>().ToArray(), lambdas = new double[steps], means = new double[steps];
        bool[] active = new bool[steps];
        for (int step = 0; step < steps; step++)
        {
            active[step] = multiplier.Step(all.AsSpan(step * each, each));
            (lambdas[step], means[step]) = (multiplier.Value, multiplier.MeanCost);
        }
        return new() { ["lambda"] = tensor(lambdas), ["J_C"] = tensor(means), ["active"] = tensor(active) };
    }

    private static Dictionary<string, Tensor> DpoLosses(GoldenCase golden, ScalarType dtype)
    {
        bool free = golden.Flag("reference_free");
        Tensor chosen = golden.Input("policy_chosen", dtype).requires_grad_(true), rejected = golden.Input("policy_rejected", dtype).requires_grad_(true);
        DpoLoss got = Dpo.Loss(
            chosen, rejected, free ? null : golden.Input("ref_chosen", dtype), free ? null : golden.Input("ref_rejected", dtype),
            golden.Stored("mask_chosen"), golden.Stored("mask_rejected"), golden.Number("beta"), golden.Number("label_smoothing"));
        got.Loss.backward();
        return new()
        {
            ["loss"] = got.Loss,
            ["losses"] = got.Losses_B,
            ["chosen_rewards"] = got.ChosenRewards_B,
            ["rejected_rewards"] = got.RejectedRewards_B,
            ["accuracy"] = got.Accuracy,
            ["margin"] = got.Margin,
            ["grad_policy_chosen"] = chosen.grad!,
            ["grad_policy_rejected"] = rejected.grad!,
        };
    }

    private static Dictionary<string, Tensor> LogProbabilities(GoldenCase golden, ScalarType dtype)
    {
        Tensor stored = golden.Stored("logits"), labels = golden.Stored("labels"), logits = stored.to(dtype).requires_grad_(true);
        Tensor logProbs = TokenLogProbabilities.FromLogits(logits, labels);
        (logProbs * golden.Input("upstream", dtype)).sum().backward();
        Dictionary<string, Tensor> outputs = new() { ["log_probs_f64"] = logProbs, ["entropy_f64"] = TokenLogProbabilities.Entropy(logits.detach()), ["grad_logits_f64"] = logits.grad! };
        // straight from bf16 logits: lifted to float32 inside
        if (stored.dtype == ScalarType.BFloat16) outputs["log_probs_upcast_f32"] = TokenLogProbabilities.FromLogits(stored, labels);
        return outputs;
    }
}
