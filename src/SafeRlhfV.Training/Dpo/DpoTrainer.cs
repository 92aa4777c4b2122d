using SafeRlhfV.Objectives;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// DPO on one of the two preferences, helpful (DPO-H) or safe (DPO-S), or on the helpful one with a safe answer always before an unsafe one (SafeDPO). The
/// reference is a frozen policy, or the same backbone without its adapter.
/// </summary>
public static class DpoTrainer
{
    /// <summary>Trains a policy in place.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="reference">The frozen policy.</param>
    /// <param name="data">Pairs; features of their images come from the policy's tower.</param>
    /// <param name="settings">How.</param>
    /// <param name="run">Checkpoints and metrics.</param>
    /// <param name="save">Writes the result into the folder it is given.</param>
    /// <param name="referenceTower">
    /// Features of the images as the reference's own tower gives them. Needed where the policy's tower is trained; null = both have one tower.
    /// </param>
    /// <exception cref="InvalidInputException">A row is damaged, or the training diverged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was written before.</exception>
    public static void Train(
        PolicyRole policy, IPolicy reference, TrainingData data, DpoSettings settings, TrainingRun run, Action<string>? save = null,
        VisionCache? referenceTower = null)
    {
        if (settings.TrainVisionTower && (referenceTower is null || referenceTower == data.Cache))
            throw new ArgumentException("A policy whose tower is trained needs the reference's own image features.", nameof(referenceTower));
        settings.CheckTower(data);
        using TrainingLoop<PairSample> loop = PairSample.Loop("dpo", policy, data, settings, run, settings.Pairs);
        bool isSafeHelpful = settings.Preference == PreferenceKind.SafeHelpful;
        foreach (TrainingStep<PairSample> step in loop.Steps())
        {
            double meanMargin = step.Samples.Average(pair => pair.Margin); // of the batch, however it is cut into parts
            foreach (StepPart<PairSample> part in step.Parts())
            {
                SequenceBatch batch = data.Collate(part.Samples);
                Tensor reference_BT;
                using (no_grad()) reference_BT = reference.LogProbs(referenceTower is null ? batch : TrainingData.SeenBy(batch, part.Samples, referenceTower));
                Tensor policy_BT = policy.LogProbs(batch), mask_BT = batch.ResponseMask_BT;
                int pairs = part.Samples.Count; // the rows of all chosen responses, then those of the rejected ones
                Tensor beta_B = Each(pair => settings.BetaOf(pair, meanMargin));
                Tensor? offset_B = isSafeHelpful ? Each(pair => settings.Delta * pair.HarmGap) : null;
                DpoLoss dpo = Dpo.Loss(
                    policy_BT.narrow(0, 0, pairs), policy_BT.narrow(0, pairs, pairs), reference_BT.narrow(0, 0, pairs), reference_BT.narrow(0, pairs, pairs),
                    mask_BT.narrow(0, 0, pairs), mask_BT.narrow(0, pairs, pairs), beta_B, offset_B, settings.LabelSmoothing);
                part.Backward(dpo.Loss);
                part.Report("accuracy", dpo.Accuracy);
                part.Report("margin", dpo.Margin);
                part.Report("chosen_reward", dpo.ChosenRewards_B.mean());
                if (settings.Beta == BetaChoice.FromMargin) part.Report("beta", beta_B.mean());

                Tensor Each(Func<PairSample, double> of) => tensor(part.Samples.Select(pair => (float)of(pair)).ToArray(), device: policy_BT.device);
            }
            if (isSafeHelpful)
            {
                step.Report("reordered_share", step.Samples.Count(pair => pair.IsReordered) / (double)step.Samples.Count);
                step.Report("both_unsafe_share", loop.Rows.BothUnsafe / (double)loop.Rows.Rows);
            }
            step.Update();
        }
        run.Finish(save);
    }
}
