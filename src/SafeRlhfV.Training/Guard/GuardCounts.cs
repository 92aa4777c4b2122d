using SafeRlhfV.Data;

namespace SafeRlhfV.Training;

/// <summary>What one pass over a guard's data decides before the first step.</summary>
/// <param name="JudgesPrompts">Prompts alone are learnt too.</param>
/// <param name="Fault">Why not, where they were wanted.</param>
/// <param name="Texts">Texts that all epochs learn from.</param>
/// <param name="Rows">Rows of the first epoch.</param>
/// <param name="SafePrompts">Rows of the other data set; null where there is none.</param>
internal sealed record GuardCounts(bool JudgesPrompts, string? Fault, long Texts, UsableRows Rows, UsableRows? SafePrompts)
{
    /// <summary>Counts.</summary>
    /// <exception cref="InvalidInputException">A row is damaged, or the answers are of one class.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static GuardCounts Take(
        TrainingData data, TrainingData? safePrompts, GuardSettings settings, SampleEncoder encoder, Func<ConversationRecord, int, GuardLabel?> label,
        CancellationToken cancellationToken)
    {
        GuardCensus census = GuardCensus.Take(data, encoder, label, cancellationToken);
        census.DemandAnswers();
        bool wanted = settings.PromptShare > 0;
        UsableRows? safe = wanted ? safePrompts?.CountUsable(RecordParts.None, encoder, (row, with) => with.EncodePrompt(row), cancellationToken) : null;
        string? fault = wanted ? census.PromptFault(safe?.Usable ?? 0) : null;
        GuardSides sides = new(settings, wanted && fault is null, safePrompts is not null);
        (long texts, UsableRows rows) = census.Usable(sides, settings.Epochs, settings.MaxSteps * settings.BatchSize ?? long.MaxValue);
        return new GuardCounts(wanted && fault is null, fault, texts, rows, safe);
    }

    /// <summary>Tells a person what is left out, and why.</summary>
    public void Tell(TrainingRun run)
    {
        if (SafePrompts is not null) run.Tell("safe prompts", SafePrompts);
        if (Fault is not null) run.Tell(Fault);
        run.Tell("rows", Rows);
    }
}
