using SafeRlhfV.Data;
using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>CM-V: learns how harmful an answer is, in order and in sign: above 0 is harmful (Safe RLHF-V, section 3).</summary>
public static class CostTrainer
{
    /// <summary>Trains a scorer in place.</summary>
    /// <exception cref="InvalidInputException">A row is damaged, or the training diverged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was written before.</exception>
    public static void Train(ScorerRole scorer, TrainingData data, CostSettings settings, TrainingRun run, Action<string>? save = null)
    {
        settings.CheckTower(data);
        RecordParts wanted = PairSample.Parts(PreferenceKind.Safe, harm: true);
        SampleEncoder encoder = new(data.Processor, settings.Lengths);
        UsableRows rows = run.CountUsable(data, wanted, encoder, Encode);
        long total = settings.StepsFor(rows.Usable);
        using RowFeed<PairSample> feed = data.Feed(settings.Seed, wanted, encoder, Encode, run.EncodesAhead);
        using Updater updater = new("cost", scorer.Prepare(settings.TrainVisionTower, settings.GradientCheckpointing), settings.Optimizer, total);
        run.TrackTraining(scorer.Trainable(settings.TrainVisionTower), updater, feed, encoder);
        for (long step = run.Resume(); step < total;)
        {
            using DisposeScope scope = NewDisposeScope();
            scorer.BeginStep(settings.Seed, step);
            IReadOnlyList<PairSample> pairs = feed.Next(settings.BatchSize);
            IReadOnlyList<PairSample[]> parts = Steps.Micro(pairs, settings);
            double loss = 0, right = 0, sign = 0;
            foreach (PairSample[] micro in parts)
            {
                using DisposeScope inner = NewDisposeScope();
                double share = (double)micro.Length / pairs.Count;
                (Tensor safer_B, Tensor harmful_B) = PairScores.Of(scorer, data, micro);
                Tensor saferRates_B = tensor(micro.Select(pair => (long)pair.PreferredRate).ToArray(), device: safer_B.device);
                Tensor harmfulRates_B = tensor(micro.Select(pair => (long)pair.OtherRate).ToArray(), device: safer_B.device);
                Tensor part = PreferenceLosses.Cost(
                    harmful_B, safer_B, PreferenceLosses.Labels(settings.Labels, harmfulRates_B), PreferenceLosses.Labels(settings.Labels, saferRates_B), settings.Kappa, settings.Eta).Times(share);
                part.backward();
                loss += part.item<float>();
                right += PreferenceLosses.PairAccuracy(harmful_B, safer_B).item<double>() * share;
                sign += PreferenceLosses.SignAccuracy(cat([harmful_B, safer_B]), cat([harmfulRates_B, saferRates_B])).item<double>() * share;
            }
            double norm = updater.Apply(step), rate = updater.RateAt(step);
            run.Step(++step, total, new Dictionary<string, double> { ["loss"] = loss, ["pair_accuracy"] = right, ["sign_accuracy"] = sign, ["gradient_norm"] = norm, ["learning_rate"] = rate, ["padding"] = Steps.Padding(parts), ["dropped_share"] = rows.DroppedShare, ["dropped_rows"] = encoder.Dropped, ["cut_answers"] = encoder.Cut });
        }
        run.Finish(save);

        PairSample? Encode(ConversationRecord row, SampleEncoder with) => PairSample.From(row, with, PreferenceKind.Safe, harm: true);
    }
}
