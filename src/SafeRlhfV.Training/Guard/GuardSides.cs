namespace SafeRlhfV.Training;

/// <summary>
/// What a guard's batches are made of. A row gives its prompt alone or one of its answers; a pair's answers take turns, epoch by epoch, so that no batch sees
/// one image twice. All is drawn by the row's place and the step's number, so that a resumed run does the same.
/// </summary>
/// <param name="settings">The seed, the batch and the share of prompts.</param>
/// <param name="judgesPrompts">Prompts are learnt at all.</param>
/// <param name="hasSafePrompts">Half of them are harmless questions of another data set.</param>
internal sealed class GuardSides(GuardSettings settings, bool judgesPrompts, bool hasSafePrompts)
{
    /// <summary>The prompt alone; answers are 1 and 2.</summary>
    public const int Prompt = 0;

    private readonly double promptShare = judgesPrompts ? settings.PromptShare : 0, safeShare = judgesPrompts && hasSafePrompts ? settings.PromptShare / 2 : 0;

    /// <summary>What a row gives in an epoch: 0 its prompt, else its answer 1 or 2 (1 where it has no more).</summary>
    public int Of(RowPosition position, bool isPair, long epoch)
    {
        int response = !isPair ? 1 : 1 + (int)((new RandomStream(settings.Seed, $"guard/{position}").NextInt(2) + epoch) % 2);
        return new RandomStream(settings.Seed, $"guard/{position}/{epoch}").Chance((promptShare - safeShare) / (1 - safeShare)) ? Prompt : response;
    }

    /// <summary>How many samples of a step's batch are safe prompts.</summary>
    public int SafePrompts(long step) => (int)(Math.Floor((step + 1) * settings.BatchSize * safeShare) - Math.Floor(step * settings.BatchSize * safeShare));

    /// <summary>Steps that take so many rows, beside the safe prompts.</summary>
    public long StepsFor(long rows)
    {
        long steps = 0;
        for (long left = rows; left > 0; steps++) left -= settings.BatchSize - SafePrompts(steps);
        return Math.Max(1, Math.Min(steps, settings.MaxSteps ?? steps));
    }
}
