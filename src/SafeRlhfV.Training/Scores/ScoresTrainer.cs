using SafeRlhfV.Data;
using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// RM-V and CM-V as two outputs of one model, learnt together from both preferences of a pair: half the passes of two models, here and in PPO. Output 0 is the reward, output 1 the cost.
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
        if (scorer.Head.Outputs != Outputs) throw new ArgumentException($"The head has two outputs, reward and cost, not {scorer.Head.Outputs}.", nameof(scorer));
        settings.CheckTower(data);
        RecordParts wanted = PairSample.Parts(PreferenceKind.Helpful, harm: true);
        SampleEncoder encoder = new(data.Processor, settings.Lengths);
        UsableRows rows = run.CountUsable(data, wanted, encoder, Encode);
        long total = settings.StepsFor(rows.Usable);
        using RowFeed<PairSample> feed = data.Feed(settings.Seed, wanted, encoder, Encode, run.EncodesAhead);
        using Updater updater = new("scores", scorer.Prepare(settings.TrainVisionTower, settings.GradientCheckpointing), settings.Optimizer, total);
        run.TrackTraining(scorer.Trainable(settings.TrainVisionTower), updater, feed, encoder);
        for (long step = run.Resume(); step < total;)
        {
            using DisposeScope scope = NewDisposeScope();
            scorer.BeginStep(settings.Seed, step);
            IReadOnlyList<PairSample> pairs = feed.Next(settings.BatchSize);
            IReadOnlyList<PairSample[]> parts = Steps.Micro(pairs, settings);
            Dictionary<string, double> metrics = new() { ["loss"] = 0, ["reward_loss"] = 0, ["cost_loss"] = 0, ["reward_accuracy"] = 0, ["cost_accuracy"] = 0, ["sign_accuracy"] = 0 };
            foreach (PairSample[] micro in parts)
            {
                using DisposeScope inner = NewDisposeScope();
                double share = (double)micro.Length / pairs.Count;
                void Add(string name, Tensor value) => metrics[name] += value.item<double>() * share;
                (Tensor helpful_B2, Tensor other_B2) = PairScores.Of(scorer, data, micro);
                (Tensor helpful_B, Tensor other_B) = (helpful_B2.select(1, 0), other_B2.select(1, 0));
                Tensor saferIsFirst_B = tensor(micro.Select(pair => pair.PreferredIsSafer).ToArray(), device: helpful_B.device);
                Tensor firstRates_B = Rates(pair => pair.PreferredRate), secondRates_B = Rates(pair => pair.OtherRate);
                (Tensor firstCost_B, Tensor secondCost_B) = (helpful_B2.select(1, 1), other_B2.select(1, 1));
                (Tensor safer_B, Tensor harmful_B) = (where(saferIsFirst_B, firstCost_B, secondCost_B), where(saferIsFirst_B, secondCost_B, firstCost_B));
                (Tensor saferRates_B, Tensor harmfulRates_B) = (where(saferIsFirst_B, firstRates_B, secondRates_B), where(saferIsFirst_B, secondRates_B, firstRates_B));
                Tensor reward = PreferenceLosses.Reward(helpful_B, other_B, settings.Eta);
                Tensor cost = PreferenceLosses.Cost(
                    harmful_B, safer_B, PreferenceLosses.Labels(settings.Labels, harmfulRates_B), PreferenceLosses.Labels(settings.Labels, saferRates_B), settings.Kappa, settings.Eta);
                Tensor loss = reward.Plus(cost.Times(settings.CostWeight));
                loss.Times(share).backward();
                Add("loss", loss.to(ScalarType.Float64));
                Add("reward_loss", reward.to(ScalarType.Float64));
                Add("cost_loss", cost.to(ScalarType.Float64));
                Add("reward_accuracy", PreferenceLosses.PairAccuracy(helpful_B, other_B));
                Add("cost_accuracy", PreferenceLosses.PairAccuracy(harmful_B, safer_B));
                Add("sign_accuracy", PreferenceLosses.SignAccuracy(cat([harmful_B, safer_B]), cat([harmfulRates_B, saferRates_B])));

                Tensor Rates(Func<PairSample, int> of) => tensor(micro.Select(pair => (long)of(pair)).ToArray(), device: helpful_B.device);
            }
            metrics["gradient_norm"] = updater.Apply(step);
            metrics["learning_rate"] = updater.RateAt(step);
            metrics["padding"] = Steps.Padding(parts);
            metrics["dropped_share"] = rows.DroppedShare;
            metrics["dropped_rows"] = encoder.Dropped;
            metrics["cut_answers"] = encoder.Cut;
            run.Step(++step, total, metrics);
        }
        run.Finish(save);

        PairSample? Encode(ConversationRecord row, SampleEncoder with) => PairSample.From(row, with, PreferenceKind.Helpful, harm: true);
    }
}
