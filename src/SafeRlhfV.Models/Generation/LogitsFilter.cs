using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Models;

/// <summary>
/// What sampling does to logits [B, V] before it draws, in Hugging Face's order: repetition penalty, temperature, top-k, top-p, min-p, typical-p, epsilon and
/// eta cutoff. A removed token gets minus infinity.
/// </summary>
public static class LogitsFilter
{
    /// <summary>Tokens already seen lose: a negative logit is multiplied by the penalty, another divided by it.</summary>
    /// <param name="logits_BV">Logits.</param>
    /// <param name="seen_BV">True for tokens of the prompt and the answer so far.</param>
    /// <param name="penalty">Above 0; 1 changes nothing.</param>
    public static Tensor Penalise(Tensor logits_BV, Tensor seen_BV, double penalty) =>
        penalty == 1 ? logits_BV : where(seen_BV, where(logits_BV.lt(Scalars.Zero), logits_BV.Times(penalty), logits_BV.Over(penalty)), logits_BV);

    /// <summary>Divides by the temperature, which is above 0.</summary>
    public static Tensor Temper(Tensor logits_BV, double temperature) => temperature == 1 ? logits_BV : logits_BV.Over(temperature);

    /// <summary>Keeps the k largest (at least <paramref name="least"/>); all that equal the k-th stay.</summary>
    public static Tensor TopK(Tensor logits_BV, int k, int least = 1)
    {
        if (k > 0) k = Math.Max(k, least);
        if (k <= 0 || k >= logits_BV.shape[1]) return logits_BV;
        Tensor smallest = logits_BV.topk(k, -1).values.narrow(1, k - 1, 1);
        return logits_BV.masked_fill(logits_BV.lt(smallest), Scalars.MinusInfinity);
    }

    /// <summary>
    /// Keeps the smallest set of best tokens whose probability reaches p: of the tokens in ascending order those go whose sum is at most 1 - p. The best stay
    /// always, as many as <paramref name="least"/> says.
    /// </summary>
    public static Tensor TopP(Tensor logits_BV, double p, int least = 1)
    {
        if (p >= 1) return logits_BV;
        (Tensor sorted, Tensor order) = logits_BV.sort(-1, false);
        Tensor removed = sorted.softmax(-1).cumsum(-1).AtMost(1 - p);
        removed.narrow(1, removed.shape[1] - least, least).fill_(Scalars.False);
        return logits_BV.masked_fill(zeros_like(removed).scatter(1, order, removed), Scalars.MinusInfinity);
    }

    /// <summary>Keeps tokens whose probability is at least this share of the best one's.</summary>
    public static Tensor MinP(Tensor logits_BV, double share)
    {
        if (share <= 0) return logits_BV;
        Tensor p = logits_BV.softmax(-1);
        return logits_BV.masked_fill(p.lt(p.amax([-1], keepdim: true).Times(share)), Scalars.MinusInfinity);
    }

    /// <summary>
    /// Locally typical sampling (Meister et al. 2022): keeps the tokens whose surprise is nearest to the entropy, as many as together first reach
    /// <paramref name="mass"/>.
    /// </summary>
    public static Tensor Typical(Tensor logits_BV, double mass)
    {
        if (mass >= 1) return logits_BV;
        Tensor logp = logits_BV.log_softmax(-1), distance = (-logp - Entropy(logp)).abs();
        (Tensor sorted, Tensor order) = distance.sort(-1, false);
        using TorchSharp.Scalar least = mass, last = distance.shape[1] - 1;
        Tensor enough = logits_BV.gather(-1, order).softmax(-1).cumsum(-1).lt(least).sum(1, keepdim: true).clamp_(max: last);
        Tensor removed = sorted.gt(sorted.gather(1, enough));
        removed.narrow(1, 0, 1).fill_(Scalars.False);
        return logits_BV.masked_fill(zeros_like(removed).scatter(1, order, removed), Scalars.MinusInfinity);
    }

    /// <summary>Keeps tokens of at least this probability, and the best always.</summary>
    public static Tensor Epsilon(Tensor logits_BV, double least) => least <= 0 ? logits_BV : Above(logits_BV, tensor((float)least, device: logits_BV.device));

    /// <summary>Eta sampling (Hewitt et al. 2022): the same with the bound min(eta, sqrt(eta) exp(-entropy)).</summary>
    public static Tensor Eta(Tensor logits_BV, double eta) =>
        eta <= 0 ? logits_BV : Above(logits_BV, Entropy(logits_BV.log_softmax(-1)).neg().exp().Times(Math.Sqrt(eta)).Within(0, eta));

    private static Tensor Above(Tensor logits_BV, Tensor least) =>
        logits_BV.masked_fill(logits_BV.softmax(-1).lt(least).logical_and(logits_BV.lt(logits_BV.amax([-1], keepdim: true))), Scalars.MinusInfinity);

    // removed tokens have probability 0 and count for nothing
    private static Tensor Entropy(Tensor logp_BV) => (logp_BV.exp() * logp_BV).nan_to_num(0).sum(-1, keepdim: true).neg();
}
