using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>CM-V: learns how harmful a response is, in order and in sign: above 0 is harmful (Safe RLHF-V, section 3).</summary>
public static class CostTrainer
{
    /// <summary>Trains a scorer in place.</summary>
    /// <exception cref="InvalidInputException">A row is damaged, or the training diverged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was written before.</exception>
    public static void Train(ScorerRole scorer, TrainingData data, CostSettings settings, TrainingRun run, Action<string>? save = null)
    {
        settings.CheckTower(data);
        HeadEnsemble heads = new(scorer.Head, settings);
        using TrainingLoop<PairSample> loop = PairSample.Loop("cost", scorer, data, settings, run, new(PreferenceKind.Safe, Harm: true));
        foreach (TrainingStep<PairSample> step in loop.Steps())
        {
            foreach (StepPart<PairSample> part in step.Parts())
            {
                (Tensor safer, Tensor harmful) = PairScores.Of(scorer, data, part.Samples); // [B], or [B, k] of k heads
                Tensor saferRates_B = tensor(part.Samples.Select(pair => (long)pair.PreferredRate).ToArray(), device: safer.device);
                Tensor harmfulRates_B = tensor(part.Samples.Select(pair => (long)pair.OtherRate).ToArray(), device: safer.device);
                Tensor harmfulLabels = heads.Beside(PreferenceLosses.Labels(settings.Labels, harmfulRates_B));
                Tensor saferLabels = heads.Beside(PreferenceLosses.Labels(settings.Labels, saferRates_B));
                part.Backward(PreferenceLosses.Cost(
                    harmful, safer, harmfulLabels, saferLabels, settings.Kappa, settings.Eta, heads.Weights(part.Samples, safer.device)));
                (Tensor safer_B, Tensor harmful_B) = (heads.Mean(safer), heads.Mean(harmful));
                part.Report("pair_accuracy", PreferenceLosses.PairAccuracy(harmful_B, safer_B));
                part.Report("sign_accuracy", PreferenceLosses.SignAccuracy(cat([harmful_B, safer_B]), cat([harmfulRates_B, saferRates_B])));
                heads.Report(part, "", safer, harmful);
            }
            step.Update();
        }
        run.Finish(save);
    }
}
