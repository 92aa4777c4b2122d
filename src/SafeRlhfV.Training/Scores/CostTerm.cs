using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>What a part teaches of costs, in order and in sign. Scores are [B], or [B, k] of k heads.</summary>
internal sealed class CostTerm(StepPart<PairSample> part, HeadEnsemble heads, CostScorerSettings settings, Tensor safer, Tensor harmful)
{
    private readonly Tensor saferRates_B = tensor(part.Samples.Select(pair => (long)pair.SaferRate).ToArray(), device: safer.device);
    private readonly Tensor harmfulRates_B = tensor(part.Samples.Select(pair => (long)pair.HarmfulRate).ToArray(), device: safer.device);

    /// <summary>The loss.</summary>
    /// <param name="weights">How often each pair counts, [B, k]; null = once.</param>
    public Tensor Loss(Tensor? weights) =>
        PreferenceLosses.Cost(harmful, safer, Labels(harmfulRates_B), Labels(saferRates_B), settings.Kappa, settings.Eta, weights);

    /// <summary>Reports how often the order and the signs are right.</summary>
    /// <param name="order">The metric of the order.</param>
    public void Report(string order)
    {
        (Tensor safer_B, Tensor harmful_B) = (heads.Mean(safer), heads.Mean(harmful));
        part.Report(order, PreferenceLosses.PairAccuracy(harmful_B, safer_B));
        part.Report("sign_accuracy", PreferenceLosses.SignAccuracy(cat([harmful_B, safer_B]), cat([harmfulRates_B, saferRates_B])));
    }

    private Tensor Labels(Tensor rates_B) => heads.Beside(PreferenceLosses.Labels(settings.Labels, rates_B));
}
