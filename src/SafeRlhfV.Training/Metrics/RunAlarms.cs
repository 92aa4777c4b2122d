namespace SafeRlhfV.Training;

/// <summary>
/// Looks at each step's metrics for signs that a run goes wrong, and says what to try. Knows nothing but the metrics' history and a setting, so that a
/// resumed run says the same. A sign that stays is told again after <see cref="Silence"/> steps.
/// </summary>
/// <param name="costLimit">As <see cref="RunOptions.CostLimit"/>.</param>
/// <param name="judge">As <see cref="RunOptions.Judge"/>.</param>
internal sealed class RunAlarms(double? costLimit = null, JudgeSettings? judge = null)
{
    private const int Silence = 50, LongOverBudget = 30, Trend = 15, AtLimitSteps = 3, LowEntropySteps = 5, FirstSteps = 3;
    private const double KlLimit = 40, UpdateKlLimit = 0.5, AtLimitShare = 0.95, EntropyFloor = 0.02, EntropyShare = 0.1, GradientJump = 100, OutsideShare =
        0.1, CappedShare = 0.01;

    private const string Advice = "where lambda is at its maximum, raise multiplier.maximum or the budget; otherwise raise multiplier.learning_rate.";

    private readonly Dictionary<string, long> told = [];
    private readonly List<double> entropies = [], gradients = [];
    private readonly Dictionary<string, List<double>> excesses = [];
    private readonly JudgeTrend? trend = judge is null ? null : new(judge);
    private int atLimit, lowEntropy;

    /// <summary>What the step says of the held-out judge: whether the reward rose while the judge fell; null = it was not asked.</summary>
    public bool? IsHacking { get; private set; }

    /// <summary>The last alarm of the held-out judge.</summary>
    public string? WordsOfJudge => trend?.Words;

    /// <summary>Takes in a step's metrics.</summary>
    /// <returns>The alarms that it raises.</returns>
    public IReadOnlyList<string> Check(long step, IReadOnlyDictionary<string, double> metrics)
    {
        List<string> raised = [];
        void Raise(string kind, FormattableString what)
        {
            if (told.TryGetValue(kind, out long last) && step - last < Silence) return;
            told[kind] = step;
            raised.Add(FormattableString.Invariant(what));
        }

        if (metrics.TryGetValue("kl", out double kl) && kl > KlLimit)
            Raise("kl",
                $"the policy is {kl:F0} nats a response from the reference and may lose its language: raise kl_coefficient or lower learning_rate.");
        if (metrics.TryGetValue("approximate_kl", out double update) && update > UpdateKlLimit)
            Raise("update", $"the policy moved {update:F2} nats a token within one round: lower the actor's learning_rate, update_epochs or clip_range.");
        CheckBudget(metrics, Raise);
        CheckEntropy(metrics, Raise);
        if (metrics.TryGetValue("at_limit", out double share))
        {
            atLimit = share >= AtLimitShare ? atLimit + 1 : 0;
            if (atLimit >= AtLimitSteps) Raise("limit",
                $"{share:P0} of the responses end at the length limit: raise max_new_tokens, check the model's end token, or lower learning_rate.");
        }
        CheckGradients(metrics, Raise);
        CheckWeights(metrics, Raise);
        IsHacking = trend?.Add(metrics);
        if (IsHacking == true) Raise("hacking", $"{trend!.Words}");
        return raised;
    }

    private void CheckBudget(IReadOnlyDictionary<string, double> metrics, Action<string, FormattableString> raise)
    {
        const string Cost = "window_cost";
        // a constraint of one severity has its name behind
        foreach ((string name, double cost) in metrics.Where(metric => metric.Key.StartsWith(Cost, StringComparison.Ordinal)))
        {
            string of = name[Cost.Length..];
            // without a multiplier, or with the cost alone, there is no budget to keep
            if (!metrics.TryGetValue($"budget{of}", out double budget) || !metrics.TryGetValue($"lambda{of}", out double lambda) || lambda == 0
                || !double.IsFinite(lambda)) continue;
            if (!excesses.TryGetValue(of, out List<double>? excess)) excesses.Add(of, excess = []);
            double limit = costLimit ?? budget;
            if (cost <= limit) excess.Clear();
            else excess.Add(cost - limit);
            if (excess.Count < LongOverBudget) continue;
            double now = excess.TakeLast(Trend).Average(), before = excess.SkipLast(Trend).TakeLast(Trend).Average();
            string harm = of.Length > 0 ? $" of {of[1..]} harm" : "";
            if (now >= 0.9 * before)
                raise($"budget{of}",
                    $"the cost{harm} has been over its budget for {excess.Count} rounds and hardly falls (J_C - d = {now:F2}, lambda {lambda:F2}): {Advice}");
        }
    }

    // by the shares: large weights both ways leave the mean at 1
    private static void CheckWeights(IReadOnlyDictionary<string, double> metrics, Action<string, FormattableString> raise)
    {
        if (metrics.TryGetValue("weight_outside_share", out double outside) && outside > OutsideShare)
            raise("weights", $"{outside:P1} of the importance weights are outside 0.9 to 1.1: the servers' numbers are far from ours; see docs/scale.md.");
        if (metrics.TryGetValue("weight_capped_share", out double capped) && capped > CappedShare)
            raise("capped", $"{capped:P1} of the importance weights are cut at rollouts.weight_cap, which biases the updates; see docs/scale.md.");
    }

    private void CheckEntropy(IReadOnlyDictionary<string, double> metrics, Action<string, FormattableString> raise)
    {
        if (!metrics.TryGetValue("entropy", out double entropy)) return;
        if (entropies.Count < FirstSteps) entropies.Add(entropy);
        lowEntropy = entropy < EntropyFloor && entropy < EntropyShare * entropies.Average() ? lowEntropy + 1 : 0;
        if (lowEntropy >= LowEntropySteps)
            raise("entropy",
                $"the entropy is only {entropy:G2} nats a token, responses hardly differ: raise kl_coefficient or temperature or lower learning_rate.");
    }

    private void CheckGradients(IReadOnlyDictionary<string, double> metrics, Action<string, FormattableString> raise)
    {
        if (!metrics.TryGetValue("gradient_norm", out double norm) && !metrics.TryGetValue("actor_gradient_norm", out norm)) return;
        if (gradients.Count >= Trend && norm > GradientJump * gradients.Order().ElementAt(gradients.Count / 2))
            raise("gradient",
                $"the gradients' norm jumped to {norm:G3}: look for broken rows with 'data validate', lower the learning_rate, or lengthen the warm-up.");
        gradients.Add(norm);
        if (gradients.Count > 2 * Trend) gradients.RemoveAt(0);
    }
}
