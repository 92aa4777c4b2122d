using SafeRlhfV.Data;
using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>RM-V: learns which of two answers helps more (Bradley-Terry on end scores; Safe RLHF-V, section 3).</summary>
public static class RewardTrainer
{
    /// <summary>Trains a scorer in place.</summary>
    /// <exception cref="InvalidInputException">A row is damaged, or the training diverged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was written before.</exception>
    public static void Train(ScorerRole scorer, TrainingData data, RewardSettings settings, TrainingRun run, Action<string>? save = null)
    {
        settings.CheckTower(data);
        RecordParts wanted = PairSample.Parts(PreferenceKind.Helpful, harm: false);
        SampleEncoder encoder = new(data.Processor, settings.Lengths);
        UsableRows rows = run.CountUsable(data, wanted, encoder, Encode);
        long total = settings.StepsFor(rows.Usable);
        using RowFeed<PairSample> feed = data.Feed(settings.Seed, wanted, encoder, Encode, run.EncodesAhead);
        using Updater updater = new("reward", scorer.Prepare(settings.TrainVisionTower, settings.GradientCheckpointing), settings.Optimizer, total);
        run.TrackTraining(scorer.Trainable(settings.TrainVisionTower), updater, feed, encoder);
        for (long step = run.Resume(); step < total;)
        {
            using DisposeScope scope = NewDisposeScope();
            scorer.BeginStep(settings.Seed, step);
            IReadOnlyList<PairSample> pairs = feed.Next(settings.BatchSize);
            IReadOnlyList<PairSample[]> parts = Steps.Micro(pairs, settings);
            double loss = 0, right = 0, margin = 0;
            foreach (PairSample[] micro in parts)
            {
                using DisposeScope inner = NewDisposeScope();
                double share = (double)micro.Length / pairs.Count;
                (Tensor preferred_B, Tensor other_B) = PairScores.Of(scorer, data, micro);
                Tensor part = PreferenceLosses.Reward(preferred_B, other_B, settings.Eta).Times(share);
                part.backward();
                loss += part.item<float>();
                right += PreferenceLosses.PairAccuracy(preferred_B, other_B).item<double>() * share;
                margin += (preferred_B - other_B).mean().item<float>() * share;
            }
            double norm = updater.Apply(step), rate = updater.RateAt(step);
            run.Step(++step, total, new Dictionary<string, double> { ["loss"] = loss, ["pair_accuracy"] = right, ["margin"] = margin, ["gradient_norm"] = norm, ["learning_rate"] = rate, ["padding"] = Steps.Padding(parts), ["dropped_share"] = rows.DroppedShare, ["dropped_rows"] = encoder.Dropped, ["cut_answers"] = encoder.Cut });
        }
        run.Finish(save);

        PairSample? Encode(ConversationRecord row, SampleEncoder with) => PairSample.From(row, with, PreferenceKind.Helpful, harm: false);
    }
}
