using SafeRlhfV.Data;
using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>
/// Safe PPO (PPO-Lagrangian): maximise reward subject to mean cost ≤ d, with a bounded multiplier (Safe RLHF-V, section 3). One round: sample, score,
/// update the multiplier, then the actor and both critics. PPO-H and PPO-S are settings of it.
/// </summary>
public static class PpoTrainer
{
    /// <summary>Trains actor and critics in place.</summary>
    /// <param name="roles">The six roles.</param>
    /// <param name="prompts">Where prompts come from; answers of its rows are not looked at.</param>
    /// <param name="instructions">Instruction data for PTX; null without.</param>
    /// <param name="settings">How.</param>
    /// <param name="run">Checkpoints and metrics.</param>
    /// <param name="cancel">Stops within a round, between two tokens; the round is sampled again on resuming.</param>
    /// <param name="save">Writes the result into the folder it is given.</param>
    /// <exception cref="InvalidInputException">A row is damaged, or the training diverged.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; a checkpoint was written before.</exception>
    public static void Train(PpoRoles roles, TrainingData prompts, TrainingData? instructions, PpoSettings settings, TrainingRun run, CancellationToken cancel = default, Action<string>? save = null)
    {
        SampleEncoder encoder = new(prompts.Processor, settings.Lengths, settings.MaxNewTokens), instructionEncoder = new(prompts.Processor, settings.Lengths);
        UsableRows rows = run.CountUsable(prompts, RecordParts.None, encoder, (row, with) => with.EncodePrompt(row), "prompts");
        TrainingData? imitated = settings.PtxCoefficient > 0 ? instructions : null;
        UsableRows? instructionRows = imitated is null ? null : run.CountUsable(imitated, SftTrainer.Parts, instructionEncoder, SftTrainer.Encode, "instruction rows");
        long rounds = settings.RoundsFor(rows.Usable), updatesPerRound = (settings.RolloutBatch + settings.MiniBatch - 1) / settings.MiniBatch * settings.UpdateEpochs;
        using RowFeed<EncodedSample> promptFeed = prompts.Feed(settings.Seed, RecordParts.None, encoder, (row, with) => with.EncodePrompt(row), run.EncodesAhead);
        using RowFeed<EncodedSample>? ptxFeed = imitated?.Feed(settings.Seed + 1, SftTrainer.Parts, instructionEncoder, SftTrainer.Encode, run.EncodesAhead);
        RolloutSampler sampler = new(roles, prompts, settings);
        using PpoUpdate update = new(roles, prompts, instructions, ptxFeed, sampler, settings, rounds * updatesPerRound);
        IMultiplier multiplier = Multiplier.Create(settings.Mode, settings.Multiplier);
        update.Track(run);
        run.Track("prompts", new JsonPart<CursorState>(() => promptFeed.State, state => promptFeed.State = state));
        if (ptxFeed is not null) run.Track("instructions", new JsonPart<CursorState>(() => ptxFeed.State, state => ptxFeed.State = state));
        run.TrackLengths(encoder);
        if (ptxFeed is not null) run.TrackLengths(instructionEncoder, "instruction_lengths");
        run.Track("multiplier", new JsonPart<MultiplierState>(() => multiplier.State, state => multiplier.State = state));

        for (long round = run.Resume(); round < rounds;)
        {
            using DisposeScope scope = NewDisposeScope();
            foreach (Role trained in (Role[])[roles.Actor, .. roles.Critics.Scorers]) trained.BeginStep(settings.Seed, round);
            (CursorState place, LengthCounts lengths) = (promptFeed.State, encoder.Counts);
            IReadOnlyList<Episode> episodes;
            try
            {
                episodes = sampler.Sample(promptFeed.Next(settings.RolloutBatch), round, cancel);
            }
            catch (OperationCanceledException)
            {
                (promptFeed.State, encoder.Counts) = (place, lengths);
                run.SaveLast();
                throw;
            }
            sampler.Judge(episodes);
            multiplier.Step([.. episodes.Select(episode => (double)episode.Cost)]);
            Dictionary<string, double> metrics = Describe(episodes, multiplier, settings);
            foreach ((string name, double value) in update.Run(episodes, multiplier.Value, round, updatesPerRound)) metrics.Add(name, value);
            metrics["dropped_share"] = rows.DroppedShare;
            if (instructionRows is not null) metrics["dropped_instruction_share"] = instructionRows.DroppedShare;
            metrics["dropped_rows"] = encoder.Dropped + instructionEncoder.Dropped;
            metrics["cut_answers"] = instructionEncoder.Cut;
            run.Step(++round, rounds, metrics);
        }
        run.Finish(save);
    }

    private static Dictionary<string, double> Describe(IReadOnlyList<Episode> episodes, IMultiplier multiplier, PpoSettings settings)
    {
        Dictionary<string, double> metrics = new()
        {
            ["reward"] = episodes.Average(episode => episode.Reward),
            ["cost"] = episodes.Average(episode => episode.Cost),
            ["window_cost"] = multiplier.MeanCost,
            ["budget"] = settings.Multiplier.Budget,
            ["unsafe_share"] = episodes.Average(episode => episode.Cost > 0 ? 1.0 : 0.0),
            ["kl"] = episodes.Average(episode => episode.LogProbs.Zip(episode.ReferenceLogProbs, (policy, reference) => (double)policy - reference).Sum()),
            ["length"] = episodes.Average(episode => episode.Sample.Response.Length),
            ["at_limit"] = episodes.Average(episode => episode.Ended ? 0.0 : 1.0),
        };
        if (!settings.CostOnly) metrics["lambda"] = multiplier.Value;
        return metrics;
    }
}
