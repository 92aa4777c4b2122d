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
        usable = run.CountUsable(prompts, RecordParts.None, encoder, (row, with) => with.EncodePrompt(row), "prompts");
        this.prompts = prompts.Feed(settings.Seed, RecordParts.None, encoder, (row, with) => with.EncodePrompt(row) is not { } sample ? null : keepRows
            ? sample with { Row = row } : sample,
            run.EncodesAhead);
        if (instructions is null || settings.PtxCoefficient <= 0) return;
        usableInstructions = run.CountUsable(instructions, SftTrainer.Parts, instructionEncoder, SftTrainer.Encode, "instruction rows");
        this.instructions = instructions.Feed(settings.Seed + 1, SftTrainer.Parts, instructionEncoder, SftTrainer.Encode, run.EncodesAhead);
        Instructions = new(SampleBatcher.Of(instructions), this.instructions.Next);
    }

    /// <summary>Rows for PTX; null without.</summary>
    public InstructionRows? Instructions { get; }

    /// <summary>Rounds of the run.</summary>
    public long Rounds => settings.RoundsFor(usable.Usable);

    /// <summary>The prompts of the next round.</summary>
    public IReadOnlyList<EncodedSample> NextPrompts()
    {
        before = (prompts.State, encoder.Counts);
        return prompts.Next(settings.RolloutBatch);
    }

    /// <summary>So many further prompts for the same round.</summary>
    public IReadOnlyList<EncodedSample> MorePrompts(int count) => prompts.Next(count);

    /// <summary>Puts the prompts of the round back.</summary>
    public void PutBack() => (prompts.State, encoder.Counts) = before;

    /// <summary>Names the places in the data, and the counts of texts that were too long.</summary>
    public void Track(TrainingRun run)
    {
        run.Track("prompts", new JsonPart<CursorState>(() => prompts.State, state => prompts.State = state));
        if (instructions is not null) run.Track("instructions", new JsonPart<CursorState>(() => instructions.State, state => instructions.State = state));
        run.TrackLengths(encoder);
        if (instructions is not null) run.TrackLengths(instructionEncoder, "instruction_lengths");
    }

    /// <summary>Adds what was left out so far.</summary>
    public void Describe(Dictionary<string, double> metrics)
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
