using SafeRlhfV.Data;
using SafeRlhfV.Models;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// Beaver-Guard-V: verdict, categories and severity of (image, question) and (image, question, response), read at the last valid token from one head of 25
/// outputs: verdict, 20 categories, 4 severities.
/// </summary>
public static class GuardTrainer
{
    private static readonly Dictionary<string, int> CategoryIndex = GuardHeads.Categories.Index().ToDictionary(pair => pair.Item, pair => pair.Index);
    private static readonly GuardLabel Harmless = new(false, [], 0);

    /// <summary>Trains a scorer of 25 outputs in place.</summary>
    /// <param name="guard">The guard.</param>
    /// <param name="data">Rows of either layout; a pair gives one of its answers, the other one in the next epoch.</param>
    /// <param name="settings">How.</param>
    /// <param name="run">Checkpoints and metrics.</param>
    /// <param name="label">
    /// What the guard should say of a row's prompt alone (0) or of its answer 1 or 2, null where the row does not say; left out =
    /// <see cref="GuardLabelSource.FromColumns"/>.
    /// </param>
    /// <param name="safePrompts">
    /// Rows whose questions are harmless, with or without images: half of the prompts come from them, and nothing else of them is read. Null = none.
    /// </param>
    /// <param name="save">Writes the result and what it judges into the folder it is given.</param>
    /// <returns>What the guard judges: prompts only if it has seen both safe and unsafe ones.</returns>
    /// <exception cref="InvalidInputException">A row is damaged, a category is unknown, the answers are of one class, or the training diverged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was written before.</exception>
    public static GuardConfig Train(
        ScorerRole guard, TrainingData data, GuardSettings settings, TrainingRun run, Func<ConversationRecord, int, GuardLabel?>? label = null,
        TrainingData? safePrompts = null, Action<string, GuardConfig>? save = null)
    {
        if (guard.Head.Outputs != GuardHeads.Outputs)
            throw new ArgumentException($"A guard's head has {GuardHeads.Outputs} outputs, not {guard.Head.Outputs}.", nameof(guard));
        settings.CheckTower(data);
        label ??= GuardLabelSource.FromColumns;
        SampleEncoder encoder = new(data.Processor, settings.Lengths);
        GuardCounts counts = run.Counted("guard", () => GuardCounts.Take(data, safePrompts, settings, encoder, label, run.Cancel));
        counts.Tell(run);
        GuardSides sides = new(settings, counts.JudgesPrompts, safePrompts is not null);
        RowFeed<GuardSample> feed = data.Feed(settings.Seed, GuardLabelSource.Parts, encoder,
            (row, epoch, with) => Sample(row, sides.Of(row.Source, row.Kind == RecordKind.Pair, epoch), with, label), run.EncodesAhead);
        using RowFeed<GuardSample>? safeFeed = counts.JudgesPrompts
            ? safePrompts?.Feed(settings.Seed + 1, RecordParts.None, encoder, SafePrompt, run.EncodesAhead) : null;
        using TrainingLoop<GuardSample> loop = new("guard", guard, settings, run, encoder, counts.Rows, sides.StepsFor(counts.Texts), feed);
        if (safeFeed is not null) run.Track("safe_prompts", new JsonPart<CursorState>(() => safeFeed.State, state => safeFeed.State = state));
        foreach (TrainingStep<GuardSample> step in loop.Steps(Draw))
        {
            GuardLoss.Batch batch = GuardLoss.Batch.Of([.. step.Samples.Select(sample => sample.Label)], settings);
            foreach (StepPart<GuardSample> part in step.Parts())
            {
                Tensor outputs_BN = guard.EndScores(data.Collate([.. part.Samples.Select(sample => sample.Sample)]));
                GuardLoss loss = GuardLoss.Of(outputs_BN, [.. part.Samples.Select(sample => sample.Label)], batch, CategoryIndex, settings);
                part.Backward(loss.Total, weight: 1); // each term is a share of its mean over the whole batch
                foreach ((string name, Tensor value) in loss.Named) part.Report(name, value, weight: 1);
            }
            step.Update();
        }
        GuardConfig config = new() { JudgesPrompts = counts.JudgesPrompts };
        run.Finish(save is null ? null : folder => save(folder, config));
        return config;

        IReadOnlyList<GuardSample> Draw(long done)
        {
            int safe = safeFeed is null ? 0 : sides.SafePrompts(done);
            return [.. feed.Next(settings.BatchSize - safe), .. safeFeed?.Next(safe) ?? []];
        }
    }

    /// <summary>A row's prompt alone (0), or with its answer 1 or 2; null where there is none, or it is too long.</summary>
    internal static EncodedSample? Encode(ConversationRecord row, int side, SampleEncoder encoder) =>
        side == GuardSides.Prompt ? encoder.EncodePrompt(row) : row.Answers.Count < side ? null : encoder.Encode(row, row.Answers[side - 1].Text)?[0];

    private static GuardSample? Sample(ConversationRecord row, int side, SampleEncoder encoder, Func<ConversationRecord, int, GuardLabel?> label) =>
        label(row, side) is { } said && Encode(row, side, encoder) is { } sample ? new GuardSample(sample, said) : null;

    private static GuardSample? SafePrompt(ConversationRecord row, SampleEncoder encoder) =>
        encoder.EncodePrompt(row) is { } sample ? new GuardSample(sample, Harmless) : null;
}
