using static TorchSharp.torch;

namespace SafeRlhfV.Objectives.Tests;

/// <summary>Objectives on pairs, as the trainer does them: pairs are ordered and left out one by one, and the loss sees those that are kept.</summary>
internal static class GoldenPairs
{
    public static Dictionary<string, Tensor> SafeDpo(GoldenCase golden, ScalarType dtype)
    {
        bool[] first = Flags("unsafe_w"), second = Flags("unsafe_l");
        BothUnsafe bothUnsafe = Enum.Parse<BothUnsafe>(golden.Text("both_unsafe"), ignoreCase: true);
        SafePairOrder[] orders = [.. first.Zip(second, (preferred, other) => SafePairOrder.Of(preferred, other, bothUnsafe))];
        long[] kept = [.. orders.Index().Where(pair => pair.Item.IsKept).Select(pair => (long)pair.Index)];
        Tensor at_K = tensor(kept), swapped_K = tensor(kept.Select(pair => orders[pair].IsSwapped).ToArray());

        Tensor policyW = golden.Input("policy_w", dtype).requires_grad_(true), policyL = golden.Input("policy_l", dtype).requires_grad_(true);
        (Tensor win, Tensor lose) = Ordered(policyW, policyL);
        (Tensor referenceWin, Tensor referenceLose) = Ordered(golden.Input("ref_w", dtype), golden.Input("ref_l", dtype));
        double[] offsets = [.. orders.Select(order => golden.Number("delta") * order.HarmGap)];
        DpoLoss loss = Dpo.Loss(win, lose, referenceWin, referenceLose, Constant(golden.Number("beta"), kept.Length, dtype),
            tensor(offsets).to(dtype).index_select(0, at_K));
        loss.Loss.backward();
        return new()
        {
            ["loss"] = loss.Loss,
            ["losses"] = Spread(loss.Losses_B),
            ["logits"] = Spread(loss.Logits_B),
            ["offset"] = tensor(offsets),
            ["kept"] = tensor(orders.Select(order => order.IsKept).ToArray()),
            ["swapped"] = tensor(orders.Select(order => order.IsSwapped).ToArray()),
            ["grad_policy_w"] = policyW.grad!,
            ["grad_policy_l"] = policyL.grad!,
            ["reward_win"] = Spread(loss.ChosenRewards_B),
            ["reward_lose"] = Spread(loss.RejectedRewards_B),
            ["accuracy"] = loss.Accuracy,
        };

        bool[] Flags(string input) => [.. Rows.Flat<long>(golden.Stored(input)).Select(flag => flag != 0)];
        (Tensor Win, Tensor Lose) Ordered(Tensor w, Tensor l)
        {
            (Tensor w_K, Tensor l_K) = (w.index_select(0, at_K), l.index_select(0, at_K));
            return (where(swapped_K, l_K, w_K), where(swapped_K, w_K, l_K));
        }
        Tensor Spread(Tensor values_K) => zeros(orders.Length, dtype).index_copy(0, at_K, values_K);
    }

    public static Dictionary<string, Tensor> MarginBetas(GoldenCase golden, ScalarType dtype)
    {
        double[] margins = Rows.Flat<double>(golden.Input("margin", ScalarType.Float64));
        double mean = golden.OptionalNumber("mean_margin") ?? margins.Average();
        Tensor beta_B = tensor(margins.Select(margin => MarginBeta.Of(
            margin, mean, golden.Number("beta0"), golden.Number("a"), golden.Number("lo"), golden.Number("hi"))).ToArray()).to(dtype);
        Tensor policyW = golden.Input("policy_w", dtype).requires_grad_(true), policyL = golden.Input("policy_l", dtype).requires_grad_(true);
        DpoLoss loss = Dpo.Loss(policyW, policyL, golden.Input("ref_w", dtype), golden.Input("ref_l", dtype), beta_B, null);
        loss.Loss.backward();
        return new()
        {
            ["beta"] = beta_B,
            ["mean_margin"] = tensor(mean),
            ["loss"] = loss.Loss,
            ["losses"] = loss.Losses_B,
            ["logits"] = loss.Logits_B,
            ["grad_policy_w"] = policyW.grad!,
            ["grad_policy_l"] = policyL.grad!,
        };
    }

    /// <summary>A β of each of some pairs, all the same.</summary>
    public static Tensor Constant(double beta, long pairs, ScalarType dtype) => full([pairs], beta, dtype);
}
