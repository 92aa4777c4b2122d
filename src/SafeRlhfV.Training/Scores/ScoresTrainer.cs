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
                Tensor firstIsSafer = heads.Beside(tensor(part.Samples.Select(pair => pair.PreferredIsSafer).ToArray(), device: helpful.device));
                (Tensor firstCost, Tensor secondCost) = (heads.Of(first, 1), heads.Of(second, 1));
                (Tensor safer, Tensor harmful) = (where(firstIsSafer, firstCost, secondCost), where(firstIsSafer, secondCost, firstCost));
                CostTerm cost = new(part, heads, settings, safer, harmful);
                Tensor? weights = heads.Weights(part.Samples, helpful.device);
                Tensor rewardLoss = PreferenceLosses.Reward(helpful, other, settings.Eta, weights), costLoss = cost.Loss(weights);
                part.Backward(rewardLoss.Plus(costLoss.Times(settings.CostWeight)));
                part.Report("reward_loss", rewardLoss);
                part.Report("cost_loss", costLoss);
                part.Report("reward_accuracy", PreferenceLosses.PairAccuracy(heads.Mean(helpful), heads.Mean(other)));
                cost.Report("cost_accuracy");
                heads.Report(part, "reward_", helpful, other);
                heads.Report(part, "cost_", safer, harmful);
            }
            step.Update();
        }
        run.Finish(save);
    }
}
