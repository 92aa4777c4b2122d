using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>Prompts and instruction rows of a Safe PPO run: counted before the first round, drawn round after round, kept in checkpoints.</summary>
internal sealed class PpoFeeds : IDisposable
{
    private readonly RolloutSettings settings;
    private readonly SampleEncoder encoder, instructionEncoder;
    private readonly UsableRows usable;
    private readonly UsableRows? usableInstructions;
    private readonly RowFeed<EncodedSample> prompts;
    private readonly RowFeed<EncodedSample>? instructions;
    private (CursorState Place, LengthCounts Lengths) before;

    /// <summary>Counts the rows that can be used, and opens the feeds.</summary>
    /// <param name="prompts">The rows of the prompts.</param>
    /// <param name="instructions">Instruction rows; null without.</param>
    /// <param name="settings">How many of them a round takes.</param>
    /// <param name="run">The run.</param>
    /// <param name="keepRows">Whether prompts bring their rows along, to be sent to a server.</param>
    /// <exception cref="InvalidInputException">A row is damaged, or none can be used.</exception>
    public PpoFeeds(TrainingData prompts, TrainingData? instructions, RolloutSettings settings, TrainingRun run, bool keepRows = false)
    {
        this.settings = settings;
        encoder = new(prompts.Processor, settings.Lengths, settings.MaxNewTokens);
        instructionEncoder = new(prompts.Processor, settings.Lengths);
        PromptRaters raters = new(settings);
        RecordParts parts = raters.Parts | (settings.Rewards.Any(term => term.NeedsAnswer) ? RecordParts.RightAnswer : RecordParts.None);
        bool[] hasAnswers = new bool[settings.Rewards.Count];
        usable = run.CountUsable(prompts, parts, encoder, Count, "prompts", () => DemandAnswers(prompts, settings, hasAnswers));
        TellShortJudge(run);
        this.prompts = prompts.Feed(settings.Seed, parts, encoder, Encode, run.EncodesAhead);
        if (instructions is null || settings.PtxCoefficient <= 0) return;
        usableInstructions = run.CountUsable(instructions, SftTrainer.Parts, instructionEncoder, SftTrainer.Encode, "instruction rows");
        this.instructions = instructions.Feed(settings.Seed + 1, SftTrainer.Parts, instructionEncoder, SftTrainer.Encode, run.EncodesAhead);
        Instructions = new(SampleBatcher.Of(instructions), this.instructions.Next);

        EncodedSample? Encode(ConversationRecord row, SampleEncoder with) =>
            raters.Look(row, EncodePrompt(row, with, settings)) is { } sample ? sample with { Row = keepRows ? row : null } : null;

        EncodedSample? Count(ConversationRecord row, SampleEncoder with)
        {
            EncodedSample? sample = Encode(row, with);
            for (int i = 0; sample is not null && i < hasAnswers.Length; i++)
                if (sample.Expected[i] is not null) hasAnswers[i] = true;
            return sample;
        }
    }

    /// <summary>A prompt with the right answers that rewards compare with; null where it is too long and is dropped.</summary>
    /// <exception cref="InvalidInputException">As of <see cref="SampleEncoder.EncodePrompt"/>; or a right answer is missing or cannot be read.</exception>
    public static EncodedSample? EncodePrompt(ConversationRecord row, SampleEncoder with, RolloutSettings settings)
    {
        IReadOnlyList<ExpectedAnswer?> expected = ExpectedAnswer.Of(row, settings.Rewards);
        return with.EncodePrompt(row) is { } sample ? sample with { Expected = expected } : null;
    }

    /// <summary>Rows for PTX; null without.</summary>
    public InstructionRows? Instructions { get; }

    /// <summary>Rounds of the run.</summary>
    public long Rounds => settings.RoundsFor(usable.Usable);

    /// <summary>
    /// Runs the rounds that are left, and writes the result. The prompts of a round that is stopped, or whose responses or scores cannot be had, are put back,
    /// and a checkpoint is written before the error goes on.
    /// </summary>
    /// <param name="run">The run, all of its parts tracked.</param>
    /// <param name="isWaiting">Whether responses or scores are asked for and not there.</param>
    /// <param name="round">One round: from its prompts and the number of rounds before it to its metrics.</param>
    /// <param name="save">Writes the result into the folder it is given.</param>
    public void RunRounds(
        TrainingRun run, Func<bool> isWaiting, Func<IReadOnlyList<EncodedSample>, long, Dictionary<string, double>> round, Action<string>? save)
    {
        for (long done = run.Resume(); done < Rounds;)
        {
            Dictionary<string, double> metrics;
            try
            {
                before = (prompts.State, encoder.Counts);
                metrics = round(prompts.Next(settings.RolloutBatch), done);
            }
            catch (Exception stop) when (stop is OperationCanceledException || isWaiting())
            {
                (prompts.State, encoder.Counts) = before;
                run.SaveLast();
                throw;
            }
            Describe(metrics);
            run.Step(++done, Rounds, metrics);
        }
        run.Finish(save);
    }

    /// <summary>So many further prompts for the same round.</summary>
    public IReadOnlyList<EncodedSample> MorePrompts(int count) => prompts.Next(count);

    /// <summary>Names the places in the data, and the counts of texts that were too long.</summary>
    public void Track(TrainingRun run)
    {
        run.Track("prompts", new JsonPart<CursorState>(() => prompts.State, state => prompts.State = state));
        if (instructions is not null) run.Track("instructions", new JsonPart<CursorState>(() => instructions.State, state => instructions.State = state));
        run.TrackLengths(encoder);
        if (instructions is not null) run.TrackLengths(instructionEncoder, "instruction_lengths");
    }

    // with missing: skip a column that is misspelt is one that every row lacks
    private static void DemandAnswers(TrainingData prompts, RolloutSettings settings, bool[] hasAnswers)
    {
        foreach ((int i, RewardTerm term) in settings.Rewards.Index())
            if (term.NeedsAnswer && !hasAnswers[i])
                throw new InvalidInputException($"{prompts.Path}: no prompt has '{term.AnswerIn}', which the reward '{term.Name}' needs, so that "
                    + "missing: skip leaves nothing to reward; name the column that holds the right answers, or leave this reward out.");
    }

    private void TellShortJudge(TrainingRun run)
    {
        if (settings.Judge is { } judge && Rounds / judge.Every < judge.Window)
            run.Tell($"training.judge: {Rounds} rounds give {Rounds / judge.Every} judgements, and the alarm compares the last {judge.Window} "
                + "(judge.window): it cannot be raised in this run.");
    }

    // what was left out so far
    private void Describe(Dictionary<string, double> metrics)
    {
        metrics["dropped_share"] = usable.DroppedShare;
        if (usableInstructions is not null) metrics["dropped_instruction_share"] = usableInstructions.DroppedShare;
        metrics["dropped_rows"] = encoder.Dropped + instructionEncoder.Dropped;
        metrics["cut_answers"] = instructionEncoder.Cut;
    }

    public void Dispose()
    {
        prompts.Dispose();
        instructions?.Dispose();
    }
}
