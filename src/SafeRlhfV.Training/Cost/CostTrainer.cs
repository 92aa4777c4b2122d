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
                CostTerm cost = new(part, heads, settings, safer, harmful);
                part.Backward(cost.Loss(heads.Weights(part.Samples, safer.device)));
                cost.Report("pair_accuracy");
                heads.Report(part, "", safer, harmful);
            }
            step.Update();
        }
        run.Finish(save);
    }
}
