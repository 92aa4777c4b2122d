using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>RM-V: learns which of two responses helps more (Bradley-Terry on end scores; Safe RLHF-V, section 3).</summary>
public static class RewardTrainer
{
    /// <summary>Trains a scorer in place.</summary>
    /// <exception cref="InvalidInputException">A row is damaged, or the training diverged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was written before.</exception>
    public static void Train(ScorerRole scorer, TrainingData data, RewardSettings settings, TrainingRun run, Action<string>? save = null)
    {
        settings.CheckTower(data);
        HeadEnsemble heads = new(scorer.Head, settings);
        using TrainingLoop<PairSample> loop = PairSample.Loop("reward", scorer, data, settings, run, new(PreferenceKind.Helpful));
        foreach (TrainingStep<PairSample> step in loop.Steps())
        {
            foreach (StepPart<PairSample> part in step.Parts())
            {
                (Tensor preferred, Tensor other) = PairScores.Of(scorer, data, part.Samples); // [B], or [B, k] of k heads
                part.Backward(PreferenceLosses.Reward(preferred, other, settings.Eta, heads.Weights(part.Samples, preferred.device)));
                (Tensor preferred_B, Tensor other_B) = (heads.Mean(preferred), heads.Mean(other));
                part.Report("pair_accuracy", PreferenceLosses.PairAccuracy(preferred_B, other_B));
                part.Report("margin", (preferred_B - other_B).mean());
                heads.Report(part, "", preferred, other);
            }
            step.Update();
        }
        run.Finish(save);
    }
}
