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
        using TrainingLoop<PairSample> loop = PairSample.Loop("scores", scorer, data, settings, run, new(PreferenceKind.Helpful, Harm: true));
        foreach (TrainingStep<PairSample> step in loop.Steps())
        {
            foreach (StepPart<PairSample> part in step.Parts())
            {
                (Tensor first_B2, Tensor second_B2) = PairScores.Of(scorer, data, part.Samples); // the first is the more helpful one
                (Tensor helpful_B, Tensor other_B) = (first_B2.select(1, 0), second_B2.select(1, 0));
                Tensor firstIsSafer_B = tensor(part.Samples.Select(pair => pair.PreferredIsSafer).ToArray(), device: helpful_B.device);
                (Tensor safer_B, Tensor harmful_B) = BySafety(first_B2.select(1, 1), second_B2.select(1, 1));
                (Tensor saferRates_B, Tensor harmfulRates_B) = BySafety(Rates(pair => pair.PreferredRate), Rates(pair => pair.OtherRate));
                Tensor harmfulLabels_B = PreferenceLosses.Labels(settings.Labels, harmfulRates_B);
                Tensor saferLabels_B = PreferenceLosses.Labels(settings.Labels, saferRates_B);
                Tensor reward = PreferenceLosses.Reward(helpful_B, other_B, settings.Eta);
                Tensor cost = PreferenceLosses.Cost(harmful_B, safer_B, harmfulLabels_B, saferLabels_B, settings.Kappa, settings.Eta);
                part.Backward(reward.Plus(cost.Times(settings.CostWeight)));
                part.Report("reward_loss", reward);
                part.Report("cost_loss", cost);
                part.Report("reward_accuracy", PreferenceLosses.PairAccuracy(helpful_B, other_B));
                part.Report("cost_accuracy", PreferenceLosses.PairAccuracy(harmful_B, safer_B));
                part.Report("sign_accuracy", PreferenceLosses.SignAccuracy(cat([harmful_B, safer_B]), cat([harmfulRates_B, saferRates_B])));

                (Tensor Safer, Tensor Harmful) BySafety(Tensor first, Tensor second) =>
                    (where(firstIsSafer_B, first, second), where(firstIsSafer_B, second, first));
                Tensor Rates(Func<PairSample, int> of) => tensor(part.Samples.Select(pair => (long)of(pair)).ToArray(), device: helpful_B.device);
            }
            step.Update();
        }
        run.Finish(save);
    }
}
