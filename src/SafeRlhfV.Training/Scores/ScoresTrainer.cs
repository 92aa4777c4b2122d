using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// RM-V and CM-V as two outputs of one model, learnt together from both preferences of a pair: half the passes of two models, here and in PPO. Output 0 is the
/// reward, output 1 the cost.
/// </summary>
public static class ScoresTrainer
{
    /// <summary>How many outputs the head has.</summary>
    public const int Outputs = 2;

    /// <summary>Trains a scorer of two outputs in place.</summary>
    /// <exception cref="InvalidInputException">A row is damaged, or the training diverged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was written before.</exception>
    public static void Train(ScorerRole scorer, TrainingData data, ScoresSettings settings, TrainingRun run, Action<string>? save = null)
    {
        if (scorer.Head.Outputs != Outputs)
            throw new ArgumentException($"The head has two outputs, reward and cost, not {scorer.Head.Outputs}.", nameof(scorer));
        settings.CheckTower(data);
        HeadEnsemble heads = new(scorer.Head, settings);
        using TrainingLoop<PairSample> loop = PairSample.Loop("scores", scorer, data, settings, run, new(PreferenceKind.Helpful, Harm: true));
        foreach (TrainingStep<PairSample> step in loop.Steps())
        {
            foreach (StepPart<PairSample> part in step.Parts())
            {
                (Tensor first, Tensor second) = PairScores.Of(scorer, data, part.Samples); // the first is the more helpful one
                (Tensor helpful, Tensor other) = (heads.Of(first, 0), heads.Of(second, 0)); // [B], or [B, k] of k heads
                Tensor firstIsSafer_B = tensor(part.Samples.Select(pair => pair.PreferredIsSafer).ToArray(), device: helpful.device);
                (Tensor safer, Tensor harmful) = BySafety(heads.Beside(firstIsSafer_B), heads.Of(first, 1), heads.Of(second, 1));
                (Tensor saferRates_B, Tensor harmfulRates_B) =
                    BySafety(firstIsSafer_B, Rates(pair => pair.PreferredRate), Rates(pair => pair.OtherRate));
                Tensor harmfulLabels = heads.Beside(PreferenceLosses.Labels(settings.Labels, harmfulRates_B));
                Tensor saferLabels = heads.Beside(PreferenceLosses.Labels(settings.Labels, saferRates_B));
                Tensor? weights = heads.Weights(part.Samples, helpful.device);
                Tensor reward = PreferenceLosses.Reward(helpful, other, settings.Eta, weights);
                Tensor cost = PreferenceLosses.Cost(harmful, safer, harmfulLabels, saferLabels, settings.Kappa, settings.Eta, weights);
                part.Backward(reward.Plus(cost.Times(settings.CostWeight)));
                part.Report("reward_loss", reward);
                part.Report("cost_loss", cost);
                (Tensor safer_B, Tensor harmful_B) = (heads.Mean(safer), heads.Mean(harmful));
                part.Report("reward_accuracy", PreferenceLosses.PairAccuracy(heads.Mean(helpful), heads.Mean(other)));
                part.Report("cost_accuracy", PreferenceLosses.PairAccuracy(harmful_B, safer_B));
                part.Report("sign_accuracy", PreferenceLosses.SignAccuracy(cat([harmful_B, safer_B]), cat([harmfulRates_B, saferRates_B])));
                heads.Report(part, "reward_", helpful, other);
                heads.Report(part, "cost_", safer, harmful);

                (Tensor Safer, Tensor Harmful) BySafety(Tensor firstIsSafer, Tensor first, Tensor second) =>
                    (where(firstIsSafer, first, second), where(firstIsSafer, second, first));
                Tensor Rates(Func<PairSample, int> of) => tensor(part.Samples.Select(pair => (long)of(pair)).ToArray(), device: helpful.device);
            }
            step.Update();
        }
        run.Finish(save);
    }
}
