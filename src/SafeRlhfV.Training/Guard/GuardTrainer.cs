using SafeRlhfV.Data;
using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// Beaver-Guard-V: verdict, categories and severity of (picture, question) and (picture, question, answer), read at the last valid token from one head of 25
/// outputs: verdict, 20 categories, 4 severities.
/// </summary>
public static class GuardTrainer
{
    private static readonly Dictionary<string, int> CategoryIndex = GuardHeads.Categories.Index().ToDictionary(pair => pair.Item, pair => pair.Index);

    /// <summary>Trains a scorer of 25 outputs in place.</summary>
    /// <param name="guard">The guard.</param>
    /// <param name="data">Rows of either layout; a pair gives one of its answers, the other one in the next epoch.</param>
    /// <param name="settings">How.</param>
    /// <param name="run">Checkpoints and metrics.</param>
    /// <param name="label">What the guard should say of a row's prompt alone (0) or of its answer 1 or 2; null = <see cref="GuardLabelSource.FromColumns"/>.</param>
    /// <param name="save">Writes the result into the folder it is given.</param>
    /// <exception cref="InvalidInputException">A row is damaged, a category is unknown, or the training diverged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was written before.</exception>
    public static void Train(ScorerRole guard, TrainingData data, GuardSettings settings, TrainingRun run, Func<DatasetRow, int, GuardLabel>? label = null, Action<string>? save = null)
    {
        if (guard.Head.Outputs != GuardHeads.Outputs) throw new ArgumentException($"A guard's head has {GuardHeads.Outputs} outputs, not {guard.Head.Outputs}.", nameof(guard));
        label ??= GuardLabelSource.FromColumns;
        SampleEncoder encoder = new(data.Processor, settings.Lengths);
        long total = settings.StepsFor(data.Rows);
        using RowFeed<GuardSample> feed = data.Feed(settings.Seed, (row, epoch) => Sample(row, epoch, encoder, settings, label));
        using Updater updater = new("guard", guard.Prepare(settings.TrainVisionTower, settings.GradientCheckpointing), settings.Optimizer, total);
        run.TrackTraining(guard.Trainable(settings.TrainVisionTower), updater, feed, encoder);
        for (long step = run.Resume(); step < total;)
        {
            using DisposeScope scope = NewDisposeScope();
            guard.BeginStep(settings.Seed, step);
            IReadOnlyList<GuardSample> samples = feed.Next(settings.BatchSize);
            IReadOnlyList<GuardSample[]> parts = Steps.Micro(samples, settings);
            Dictionary<string, double> metrics = new() { ["loss"] = 0, ["verdict_loss"] = 0, ["category_loss"] = 0, ["severity_loss"] = 0, ["verdict_accuracy"] = 0 };
            foreach (GuardSample[] micro in parts)
            {
                using DisposeScope inner = NewDisposeScope();
                double share = (double)micro.Length / samples.Count;
                Tensor outputs_BN = guard.EndScores(data.Collate([.. micro.Select(sample => sample.Sample)]));
                GuardLoss loss = GuardLoss.Of(outputs_BN, [.. micro.Select(sample => sample.Label)], CategoryIndex, settings);
                loss.Total.Times(share).backward();
                foreach ((string name, Tensor value) in loss.Named) metrics[name] += value.item<float>() * share;
            }
            metrics["gradient_norm"] = updater.Apply(step);
            metrics["learning_rate"] = updater.RateAt(step);
            metrics["padding"] = Steps.Padding(parts);
            metrics["dropped_rows"] = encoder.Dropped;
            metrics["cut_answers"] = encoder.Cut;
            run.Step(++step, total, metrics);
        }
        run.Finish(save);
    }

    // one text a row: a pair's two answers take turns, epoch by epoch, so that no batch sees one picture twice. All is drawn by the row's place, so that a resumed run does the same
    private static GuardSample? Sample(DatasetRow row, long epoch, SampleEncoder encoder, GuardSettings settings, Func<DatasetRow, int, GuardLabel> label)
    {
        RandomStream random = new(settings.Seed, $"guard/{row.Position}");
        int response = row.Schema.Layout == RowLayout.Flat ? 1 : 1 + (int)((random.NextInt(2) + epoch) % 2);
        bool alone = new RandomStream(settings.Seed, $"guard/{row.Position}/{epoch}").Chance(settings.PromptShare);
        string answer = alone ? "" : row.Schema.Layout == RowLayout.Flat ? row.Text("response")! : row.Text($"response_{response}")!;
        return encoder.Encode(row, answer) is [var sample] ? new GuardSample(sample, label(row, alone ? 0 : response)) : null;
    }
}
