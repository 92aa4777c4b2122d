using System.Numerics;
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
            ["gae"] = (golden, dtype) => dtype == ScalarType.Float64 ? Gae<double>(golden, dtype) : Gae<float>(golden, dtype),
            ["kl_scores"] = (golden, dtype) => dtype == ScalarType.Float64 ? Kl<double>(golden, dtype) : Kl<float>(golden, dtype),
            ["combined_advantage"] = (golden, dtype) =>
                new() { ["advantages"] = Advantages.Combine(golden.Input("adv_reward", dtype), golden.Input("adv_cost", dtype), golden.Number("lambda")) },
            ["actor_loss"] = Actor,
            ["critic_loss"] = Critic,
            ["ptx_loss"] = Ptx,
            ["multiplier"] = Multipliers,
            ["full_step"] = FullStep.Run,
            ["dpo_loss"] = DpoLosses,
            ["safe_dpo"] = GoldenPairs.SafeDpo,
            ["dpo_margin_beta"] = GoldenPairs.MarginBetas,
            ["group_advantage"] = GoldenGroups.Advantages,
            ["policy_loss"] = GoldenGroups.PolicyLoss,
            ["kl_estimators"] = GoldenGroups.Kl,
            ["length_penalty"] = GoldenGroups.LengthPenalty,
            ["cvar_constraint"] = GoldenConstraints.Tail,
            ["cvar_trajectory"] = GoldenConstraints.TailSteps,
            ["positive_part"] = GoldenConstraints.Excess,
            ["vector_multiplier"] = GoldenConstraints.Vector,
            ["severity_costs"] = GoldenConstraints.Severities,
            ["ensemble_score"] = Ensemble,
            ["log_probs"] = LogProbabilities,
        };

    /// <summary>Objectives in the index that are proved in another room.</summary>
    public static readonly IReadOnlyDictionary<string, string> Elsewhere = new Dictionary<string, string>
    {
        ["metrics"] = "the metrics are torch-free and proved in SafeRlhfV.Evaluation.Tests",
        ["response_mask"] = "the generator decides where a response ends: proved in SafeRlhfV.Models.Tests",
        ["certificates"] = "the certificates are torch-free and proved in SafeRlhfV.Evaluation.Tests",
        ["sampling_filters"] = "the filters belong to generation and are proved in SafeRlhfV.Models.Tests",
    };

    /// <summary>Cases of an objective in this room that are proved in another.</summary>
    public static bool IsElsewhere(GoldenCase golden) => golden is { Objective: "length_penalty" } && golden.Text("form") == "mask"; // the generator's

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
        Tensor labelH = PreferenceLosses.Labels(mode, golden.Stored("harmless_rate_h"), dtype), labelS = PreferenceLosses.Labels(mode,
            golden.Stored("harmless_rate_s"), dtype);
        Tensor loss = PreferenceLosses.Cost(h, s, labelH, labelS, golden.Number("kappa"), golden.Number("eta"));
        loss.backward();
        return new()
        {
            ["loss"] = loss,
            ["grad_h"] = h.grad!,
            ["grad_s"] = s.grad!,
            ["z_h"] = labelH,
            ["z_s"] = labelS,
            ["pair_accuracy"] = PreferenceLosses.PairAccuracy(h, s)
        };
    }

    private static Dictionary<string, Tensor> EndScore(GoldenCase golden, ScalarType dtype)
    {
        Tensor hidden = golden.Input("hidden", dtype).requires_grad_(true), weight = golden.Input("weight", dtype).requires_grad_(true);
        Tensor mask = golden.Stored("attention_mask"), upstream = golden.Input("upstream", dtype);
        Tensor scores = EndScores.PerState(hidden, weight), ends = EndScores.LastValid(mask), end = EndScores.At(scores, ends);
        (end * upstream).sum().backward();
        Dictionary<string, Tensor> outputs = new()
        {
            ["scores"] = scores,
            ["end_index"] = ends,
            ["end_score"] = end,
            ["grad_hidden"] = hidden.grad!,
            ["grad_weight"] = weight.grad!,
        };
        // as the trainers do: the head at the last tokens only
        Tensor hidden2 = golden.Input("hidden", dtype).requires_grad_(true), weight2 = golden.Input("weight", dtype).requires_grad_(true);
        Tensor short_B = EndScores.PerState(EndScores.At(hidden2, EndScores.LastValid(mask.to(ScalarType.Bool))), weight2);
        (short_B * upstream).sum().backward();
        Compare.Close(golden, dtype, "end_score", short_B);
        Compare.Close(golden, dtype, "grad_hidden", hidden2.grad!);
        Compare.Close(golden, dtype, "grad_weight", weight2.grad!);
        return outputs;
    }

    private static Dictionary<string, Tensor> Gae<T>(GoldenCase golden, ScalarType dtype) where T : unmanaged, IFloatingPointIeee754<T>
    {
        Tensor mask = golden.Stored("mask");
        T[][] values = Rows.Of<T>(golden.Input("values", dtype), mask), rewards = Rows.Of<T>(golden.Input("rewards", dtype), mask);
        T[][] advantages = [.. values.Select(row => new T[row.Length])], returns = [.. values.Select(row => new T[row.Length])];
        for (int row = 0; row < values.Length; row++)
            Advantages.Gae(values[row], rewards[row], golden.Number("gamma"), golden.Number("lambda"), advantages[row], returns[row]);
        return new() { ["advantages"] = Rows.Spread(advantages, mask), ["returns"] = Rows.Spread(returns, mask) };
    }

    private static Dictionary<string, Tensor> Kl<T>(GoldenCase golden, ScalarType dtype) where T : unmanaged, IFloatingPointIeee754<T>
    {
        Tensor mask = golden.Stored("mask");
        T[][] logProbs = Rows.Of<T>(golden.Input("log_probs", dtype), mask), references = Rows.Of<T>(golden.Input("ref_log_probs", dtype), mask);
        T[] reward = Rows.Flat<T>(golden.Input("reward", dtype)), cost = Rows.Flat<T>(golden.Input("cost", dtype));
        T[][] rewards = [.. logProbs.Select(row => new T[row.Length])], costs = [.. logProbs.Select(row => new T[row.Length])];
        for (int row = 0; row < logProbs.Length; row++)
            KlShaping.Shape(logProbs[row], references[row], reward[row], cost[row], golden.Number("beta"), golden.Number("clip_score"), rewards[row],
                costs[row]);
        double divergence = logProbs.Zip(references, (policy, reference) => KlShaping.Divergence<T>(policy, reference)).Average();
        return new() { ["rewards"] = Rows.Spread(rewards, mask), ["costs"] = Rows.Spread(costs, mask), ["kl_sum"] = tensor(divergence) };
    }

    private static Dictionary<string, Tensor> Actor(GoldenCase golden, ScalarType dtype)
    {
        Tensor advantages = Advantages.Combine(golden.Input("adv_reward", dtype), golden.Input("adv_cost", dtype), golden.Number("lambda"));
        Dictionary<string, Tensor> outputs = [];
        foreach (Reduction reduction in Enum.GetValues<Reduction>())
        {
            Tensor logProbs = golden.Input("log_probs", dtype).requires_grad_(true);
            PolicyLoss loss = PolicyLosses.ClippedSurrogate(logProbs, golden.Input("old_log_probs", dtype), advantages, golden.Stored("mask"),
                golden.Number("eps"), reduction);
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
            Tensor loss = ValueLosses.ClippedCritic(values, golden.Input("old_values", dtype), golden.Input("returns", dtype), golden.Stored("mask"),
                golden.Number("clip_value"), reduction);
            loss.backward();
            string suffix = reduction.ToString().ToLowerInvariant();
            (outputs[$"loss_{suffix}"], outputs[$"grad_values_{suffix}"]) = (loss, values.grad!);
        }
        return outputs;
    }

    private static Dictionary<string, Tensor> Ptx(GoldenCase golden, ScalarType dtype)
    {
        Tensor logits = golden.Input("logits", dtype).requires_grad_(true), labels = golden.Stored("labels");
        // a label of -100 asks for no loss; the logits at t meet the label at t + 1
        long columns = labels.shape[1] - 1;
        Tensor next = labels.narrow(1, 1, columns), learnt = next.ne(-100);
        Tensor loss = PolicyLosses.NextToken(TokenLogProbabilities.FromLogits(logits.narrow(1, 0, columns), next.clamp(min: 0)), learnt);
        Tensor scaled = loss.Times(golden.Number("ptx_coeff"));
        scaled.backward();
        return new() { ["loss"] = loss, ["loss_scaled"] = scaled, ["grad_logits"] = logits.grad!, ["targets"] = learnt.sum() };
    }

    private static Dictionary<string, Tensor> Multipliers(GoldenCase golden, ScalarType dtype)
    {
        IMultiplier multiplier = Multiplier.Create(GoldenConstraints.Mode(golden.Parameters), GoldenConstraints.Options(golden.Parameters));
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
            golden.Stored("mask_chosen"), golden.Stored("mask_rejected"),
            GoldenPairs.Constant(golden.Number("beta"), chosen.shape[0], dtype), null, golden.Number("label_smoothing"));
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

    private static Dictionary<string, Tensor> Ensemble(GoldenCase golden, ScalarType dtype)
    {
        Tensor heads = golden.Input("heads", dtype).requires_grad_(true);
        EnsembleScores joined = EnsembleScores.Of(heads, golden.Number("c"), Enum.Parse<ScoreRole>(golden.Text("role"), ignoreCase: true));
        (joined.Score_B * golden.Input("upstream", dtype)).sum().backward();
        return new()
        {
            ["mean"] = joined.Mean_B,
            ["std"] = joined.Std_B,
            ["score"] = joined.Score_B,
            ["grad_heads"] = heads.grad!,
            ["disagreement"] = joined.Disagreement,
            ["sign_disagreement"] = joined.SignDisagreement,
        };
    }

    private static Dictionary<string, Tensor> LogProbabilities(GoldenCase golden, ScalarType dtype)
    {
        Tensor stored = golden.Stored("logits"), labels = golden.Stored("labels"), logits = stored.to(dtype).requires_grad_(true);
        Tensor logProbs = TokenLogProbabilities.FromLogits(logits, labels);
        (logProbs * golden.Input("upstream", dtype)).sum().backward();
        Dictionary<string, Tensor> outputs = new()
        {
            ["log_probs_f64"] = logProbs,
            ["entropy_f64"] = TokenLogProbabilities.Entropy(logits.detach()),
            ["grad_logits_f64"] = logits.grad!
        };
        // straight from bf16 logits: lifted to float32 inside
        if (stored.dtype == ScalarType.BFloat16) outputs["log_probs_upcast_f32"] = TokenLogProbabilities.FromLogits(stored, labels);
        return outputs;
    }
}
