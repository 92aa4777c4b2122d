using System.Text.Json;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

/// <summary>Objectives of group-relative methods, as their trainer computes them: groups on the host, losses of tokens on the device, sums by batch.</summary>
internal static class GoldenGroups
{
    public static Dictionary<string, Tensor> Advantages(GoldenCase golden, ScalarType dtype)
    {
        Tensor stored = golden.Stored("reward");
        (long groups, int size) = (stored.shape[0], (int)stored.shape[1]);
        double[] rewards = Host(stored), lambdas = Host(golden.Stored("lambda"));
        bool[] counts = golden.HasInput("valid") ? Rows.Flat<bool>(golden.Stored("valid")) : [.. rewards.Select(_ => true)];
        double[][] costs = [.. Host(golden.Stored("costs")).Chunk(rewards.Length)];
        bool violations = golden.Text("cost") == "violation";
        if (violations) costs = [.. costs.Zip(golden.Parameter("thresholds").EnumerateArray(), (cost, at) => GroupAdvantages.Violations(cost, at.GetDouble()))];
        int ddof = (int)golden.Number("ddof");
        Dictionary<string, Tensor> outputs = [];
        if (violations) outputs["costs_used"] = Shaped(costs.SelectMany(cost => cost.Select((value, at) => counts[at] ? value : 0)), costs.Length, groups,
            size);
        if (golden.Text("mode") == "scalarised")
        {
            GroupComponent scalar = GroupAdvantages.Standardise(GroupAdvantages.Scalarise(rewards, costs, lambdas), counts, size, GroupBaseline.Group, ddof);
            outputs["advantages"] = Shaped(scalar.Scores, groups, size);
            (outputs["scalar_mean"], outputs["scalar_std"]) = (tensor(scalar.Means), tensor(scalar.Deviations));
            outputs["no_signal"] = tensor(scalar.IsConstant);
            return outputs;
        }
        GroupBaseline baseline = Name<GroupBaseline>(golden.Text("mode"));
        GroupComponent reward = GroupAdvantages.Standardise(rewards, counts, size, baseline, ddof);
        GroupComponent[] components = [.. costs.Select(cost => GroupAdvantages.Standardise(cost, counts, size, baseline, ddof))];
        outputs["advantages"] = Shaped(GroupAdvantages.Combine(reward.Scores, [.. components.Select(cost => cost.Scores)], lambdas), groups, size);
        outputs["z_reward"] = Shaped(reward.Scores, groups, size);
        outputs["z_costs"] = Shaped(components.SelectMany(cost => cost.Scores), costs.Length, groups, size);
        (outputs["reward_mean"], outputs["reward_std"]) = (tensor(reward.Means), tensor(reward.Deviations));
        outputs["cost_mean"] = Shaped(components.SelectMany(cost => cost.Means), costs.Length, groups);
        outputs["cost_std"] = Shaped(components.SelectMany(cost => cost.Deviations), costs.Length, groups);
        outputs["no_signal"] = tensor(reward.IsConstant.Select((constant, group) => constant && components.All(cost => cost.IsConstant[group])).ToArray());
        return outputs;
    }

    public static Dictionary<string, Tensor> PolicyLoss(GoldenCase golden, ScalarType dtype)
    {
        bool cispo = golden.Text("loss") == "cispo", bySequence = golden.Outputs.Contains("clip_fraction_low_rows")
            || golden.Outputs.Contains("clip_fraction_high_rows");
        RatioOptions options = new()
        {
            Ratio = Name<PolicyRatio>(golden.Text("ratio")),
            ClipLow = golden.Number("eps_low"),
            ClipHigh = golden.Number("eps_high"),
            DualClip = golden.OptionalNumber("delta"),
            CispoCap = cispo ? golden.Number("cispo_cap") : null,
        };
        Tensor mask = golden.Stored("mask"), old = golden.Input("old_log_probs", dtype), advantages = golden.Input("advantages", dtype);
        if (advantages.dim() == 1) advantages = advantages.unsqueeze(1);
        Dictionary<string, Tensor> outputs = [];
        Tensor? weights = null;
        if (golden.Text("importance") != "none")
        {
            ImportanceOptions importance = new(golden.OptionalNumber("importance_max"), golden.OptionalNumber("importance_min"),
                Masks: golden.Text("importance") == "mask", WholeAnswer: golden.Text("importance_level") == "sequence");
            Tensor rollout = golden.Input("rollout_log_probs", dtype);
            outputs["importance_weights"] = weights = dtype == ScalarType.Float64
                ? Weights<double>(old, rollout, mask, importance)
                : Weights<float>(old, rollout, mask, importance);
        }
        BatchSums sums = Sums(golden, mask);
        foreach (BatchReduction reduction in Enum.GetValues<BatchReduction>())
        {
            string suffix = JsonNamingPolicy.SnakeCaseLower.ConvertName(reduction.ToString());
            Tensor logProbs = golden.Input("log_probs", dtype).requires_grad_(true);
            RatioLosses losses = RatioLosses.Of(logProbs, old, advantages, mask, options, weights);
            Tensor loss = sums.Reduce(losses.Losses_BT, mask, reduction);
            loss.backward();
            (outputs[$"loss_{suffix}"], outputs[$"grad_log_probs_{suffix}"]) = (loss, logProbs.grad!);
            (outputs["ratio"], outputs["sequence_ratio"], outputs["token_losses"]) = (losses.Ratio_BT, losses.SequenceRatio_B, losses.Losses_BT);
            outputs["clip_fraction_low"] = sums.Reduce(losses.ClippedLow_BT, mask, BatchReduction.BatchTokens);
            outputs["clip_fraction_high"] = sums.Reduce(losses.ClippedHigh_BT, mask, BatchReduction.BatchTokens);
            outputs["approx_kl"] = sums.Reduce(losses.Divergence_BT, mask, BatchReduction.BatchTokens);
            if (options.DualClip is not null) outputs["clip_fraction_dual"] = sums.Reduce(losses.ClippedDual_BT, mask, BatchReduction.BatchTokens);
            if (bySequence)
            {
                outputs["clip_fraction_low_rows"] = sums.Reduce(losses.ClippedLow_BT, mask, BatchReduction.Sample);
                outputs["clip_fraction_high_rows"] = sums.Reduce(losses.ClippedHigh_BT, mask, BatchReduction.Sample);
                if (options.DualClip is not null) outputs["clip_fraction_dual_rows"] = sums.Reduce(losses.ClippedDual_BT, mask, BatchReduction.Sample);
            }
            if (golden.Has("parts"))
                foreach ((int part, JsonElement range) in golden.Parameter("parts").EnumerateArray().Index())
                {
                    (long first, long end) = (range[0].GetInt64(), range[1].GetInt64());
                    Tensor Part(Tensor all) => all.narrow(0, first, end - first);
                    RatioLosses some = RatioLosses.Of(Part(golden.Input("log_probs", dtype)), Part(old), Part(advantages), Part(mask), options);
                    outputs[$"loss_{suffix}_part{part}"] = sums.Reduce(some.Losses_BT, Part(mask), reduction);
                }
        }
        return outputs;
    }

    public static Dictionary<string, Tensor> Kl(GoldenCase golden, ScalarType dtype)
    {
        KlEstimator estimator = Name<KlEstimator>(golden.Text("estimator"));
        double coefficient = golden.Number("coef");
        Tensor mask = golden.Stored("mask"), reference = golden.Input("ref_log_probs", dtype);
        Tensor? old = golden.Flag("importance_corrected") ? golden.Input("old_log_probs", dtype) : null;
        BatchSums sums = Sums(golden, mask);
        Dictionary<string, Tensor> outputs = [];
        foreach (BatchReduction reduction in Enum.GetValues<BatchReduction>())
        {
            string suffix = JsonNamingPolicy.SnakeCaseLower.ConvertName(reduction.ToString());
            Tensor logProbs = golden.Input("log_probs", dtype).requires_grad_(true);
            Tensor loss = sums.Reduce(KlEstimates.Tokens(logProbs, reference, mask, estimator, old), mask, reduction).Times(coefficient);
            loss.backward();
            (outputs[$"loss_{suffix}"], outputs[$"grad_log_probs_{suffix}"]) = (loss, logProbs.grad!);
        }
        // as a penalty in the reward it is that of the policy that sampled, which needs no correction
        double[][] tokens = old is not null ? Rows.Of<double>(KlEstimates.Tokens(golden.Input("log_probs", dtype), reference, mask, estimator, old)
            .to(ScalarType.Float64), mask) : dtype == ScalarType.Float64 ? Penalties<double>() : Penalties<float>();
        double[] score = Host(golden.Input("score", dtype));
        outputs["kl_tokens"] = Rows.Spread(tokens, mask);
        outputs["kl_sum"] = tensor(tokens.Select(row => row.Sum()).ToArray());
        outputs["reward"] = tensor(tokens.Zip(score, (row, one) => one - coefficient * row.Sum()).ToArray());
        outputs["token_rewards"] = Rows.Spread(tokens.Zip(score, (row, one) =>
            row.Select((value, at) => (at == row.Length - 1 ? one : 0) - coefficient * value).ToArray()).ToArray(), mask);
        return outputs;

        double[][] Penalties<T>() where T : unmanaged, System.Numerics.IFloatingPointIeee754<T> =>
            [.. Rows.Of<T>(golden.Input("log_probs", dtype), mask).Zip(Rows.Of<T>(reference, mask), (one, two) => KlEstimates.Tokens<T>(one, two, estimator))];
    }

    public static Dictionary<string, Tensor> LengthPenalty(GoldenCase golden, ScalarType dtype)
    {
        long[] lengths = Rows.Flat<long>(golden.Stored("length"));
        return new()
        {
            ["penalty"] = tensor(lengths.Select(length => OverlongPenalty.Of((int)length, (int)golden.Number("max_len"), (int)golden.Number("cache")))
                .ToArray()),
        };
    }

    private static BatchSums Sums(GoldenCase golden, Tensor mask) =>
        BatchSums.Of([.. Rows.Flat<long>(mask.sum(1)).Select(length => (int)length)], (int)golden.Number("max_len"));

    private static Tensor Weights<T>(Tensor old, Tensor rollout, Tensor mask, ImportanceOptions options)
        where T : unmanaged, System.Numerics.IFloatingPointIeee754<T> =>
        Rows.Spread(Rows.Of<T>(old, mask).Zip(Rows.Of<T>(rollout, mask), (one, two) => ImportanceWeights.Of<T>(one, two, options)).ToArray(), mask);

    private static double[] Host(Tensor values) => Rows.Flat<double>(values.to(ScalarType.Float64));

    private static Tensor Shaped(IEnumerable<double> values, params long[] shape) => tensor(values.ToArray()).view(shape);

    private static T Name<T>(string text) where T : struct, Enum => Enum.Parse<T>(text.Replace("_", ""), ignoreCase: true);
}
