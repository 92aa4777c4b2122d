using SafeRlhfV.Data;
using SafeRlhfV.Models;
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
    /// <param name="data">Rows of either layout; a pair gives two texts.</param>
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
        int perRow = data.InOrder().First().Schema.Layout == RowLayout.Paired ? 2 : 1;
        long total = settings.StepsFor(data.Rows * perRow);
        using RowFeed<GuardSample[]> feed = data.Feed(settings.Seed, row => Samples(row, encoder, settings, label));
        using Updater updater = new("guard", guard.Prepare(settings.TrainVisionTower, settings.GradientCheckpointing), settings.Optimizer, total);
        run.TrackTraining(guard.Trainable(settings.TrainVisionTower), updater, feed);
        for (long step = run.Resume(); step < total;)
        {
            using DisposeScope scope = NewDisposeScope();
            Steps.Seed(settings.Seed, step);
            GuardSample[] samples = [.. feed.Next(Math.Max(1, settings.BatchSize / perRow)).SelectMany(row => row)];
            Dictionary<string, double> metrics = new() { ["loss"] = 0, ["verdict_loss"] = 0, ["category_loss"] = 0, ["severity_loss"] = 0, ["verdict_accuracy"] = 0 };
            foreach (GuardSample[] micro in Steps.Micro(samples, settings.MicroBatchSize))
            {
                using DisposeScope inner = NewDisposeScope();
                double share = (double)micro.Length / samples.Length;
                Tensor outputs_BN = guard.EndScores(data.Collate([.. micro.Select(sample => sample.Sample)]));
                GuardLoss loss = GuardLoss.Of(outputs_BN, [.. micro.Select(sample => sample.Label)], CategoryIndex, settings);
                (loss.Total * share).backward();
                foreach ((string name, Tensor value) in loss.Named) metrics[name] += value.item<float>() * share;
            }
            metrics["gradient_norm"] = updater.Apply(step);
            metrics["learning_rate"] = updater.RateAt(step);
            metrics["dropped_rows"] = encoder.Dropped;
            run.Step(++step, total, metrics);
        }
        run.Finish(save);
    }

    // whether an answer is left out is drawn by the row's place, so that a resumed run does the same
    private static GuardSample[]? Samples(DatasetRow row, SampleEncoder encoder, GuardSettings settings, Func<DatasetRow, int, GuardLabel> label)
    {
        RandomStream random = new(settings.Seed, $"prompts alone/{row.Position}");
        string[] answers = row.Schema.Layout == RowLayout.Paired ? [row.Text("response_1")!, row.Text("response_2")!] : [row.Text("response")!];
        bool[] alone = [.. answers.Select(_ => random.Chance(settings.PromptShare))];
        IReadOnlyList<EncodedSample>? encoded = encoder.Encode(row, [.. answers.Select((answer, i) => alone[i] ? "" : answer)]);
        return encoded is null ? null : [.. encoded.Select((sample, i) => new GuardSample(sample, label(row, alone[i] ? 0 : i + 1)))];
    }
}
