using SafeRlhfV.Data;
using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>DPO on one of the two preferences: helpful (DPO-H) or safe (DPO-S). The reference is a frozen policy, or the same backbone without its adapter.</summary>
public static class DpoTrainer
{
    /// <summary>Trains a policy in place.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="reference">The frozen policy.</param>
    /// <param name="data">Pairs; features of their images come from the policy's tower.</param>
    /// <param name="settings">How.</param>
    /// <param name="run">Checkpoints and metrics.</param>
    /// <param name="save">Writes the result into the folder it is given.</param>
    /// <param name="referenceTower">Features of the images as the reference's own tower gives them. Needed where the policy's tower is trained; null = both have one tower.</param>
    /// <exception cref="InvalidInputException">A row is damaged, or the training diverged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was written before.</exception>
    public static void Train(PolicyRole policy, IPolicy reference, TrainingData data, DpoSettings settings, TrainingRun run, Action<string>? save = null, VisionCache? referenceTower = null)
    {
        if (settings.TrainVisionTower && (referenceTower is null || referenceTower == data.Cache)) throw new ArgumentException("A policy whose tower is trained needs the reference's own image features.", nameof(referenceTower));
        settings.CheckTower(data);
        RecordParts wanted = PairSample.Parts(settings.Preference, harm: false);
        SampleEncoder encoder = new(data.Processor, settings.Lengths);
        UsableRows rows = run.CountUsable(data, wanted, encoder, Encode);
        long total = settings.StepsFor(rows.Usable);
        using RowFeed<PairSample> feed = data.Feed(settings.Seed, wanted, encoder, Encode, run.EncodesAhead);
        using Updater updater = new("dpo", policy.Prepare(settings.TrainVisionTower, settings.GradientCheckpointing), settings.Optimizer, total);
        run.TrackTraining(policy.Trainable(settings.TrainVisionTower), updater, feed, encoder);
        for (long step = run.Resume(); step < total;)
        {
            using DisposeScope scope = NewDisposeScope();
            policy.BeginStep(settings.Seed, step);
            IReadOnlyList<PairSample> pairs = feed.Next(settings.BatchSize);
            IReadOnlyList<PairSample[]> parts = Steps.Micro(pairs, settings);
            double loss = 0, accuracy = 0, margin = 0, chosen = 0;
            foreach (PairSample[] micro in parts)
            {
                using DisposeScope inner = NewDisposeScope();
                double share = (double)micro.Length / pairs.Count;
                int count = micro.Length;
                SequenceBatch batch = data.Collate(micro);
                Tensor reference_BT;
                using (no_grad()) reference_BT = reference.LogProbs(referenceTower is null ? batch : TrainingData.SeenBy(batch, micro, referenceTower));
                Tensor policy_BT = policy.LogProbs(batch), mask_BT = batch.ResponseMask_BT;
                DpoLoss dpo = Dpo.Loss(
                    policy_BT.narrow(0, 0, count), policy_BT.narrow(0, count, count), reference_BT.narrow(0, 0, count), reference_BT.narrow(0, count, count),
                    mask_BT.narrow(0, 0, count), mask_BT.narrow(0, count, count), settings.Beta, settings.LabelSmoothing);
                Tensor part = dpo.Loss.Times(share);
                part.backward();
                loss += part.item<float>();
                accuracy += dpo.Accuracy.item<float>() * share;
                margin += dpo.Margin.item<float>() * share;
                chosen += dpo.ChosenRewards_B.mean().item<float>() * share;
            }
            double norm = updater.Apply(step), rate = updater.RateAt(step);
            run.Step(++step, total, new Dictionary<string, double> { ["loss"] = loss, ["accuracy"] = accuracy, ["margin"] = margin, ["chosen_reward"] = chosen, ["gradient_norm"] = norm, ["learning_rate"] = rate, ["padding"] = Steps.Padding(parts), ["dropped_share"] = rows.DroppedShare, ["dropped_rows"] = encoder.Dropped, ["cut_answers"] = encoder.Cut });
        }
        run.Finish(save);

        PairSample? Encode(ConversationRecord row, SampleEncoder with) => PairSample.From(row, with, settings.Preference, harm: false);
    }
}
