namespace SafeRlhfV.Guard.Hosting;

/// <summary>
/// The settings of <c>AddGuard</c>, as a configuration section holds them. Moderator, policy and observer come from the services; what a program alone can say
/// stands in <see cref="GuardOptions"/>, which <c>UseGuard</c> takes.
/// </summary>
public sealed class GuardSettings
{
    /// <summary>The policy file, followed when it changes; null leaves the policy to the services.</summary>
    public string? PolicyFile { get; set; }

    /// <inheritdoc cref="GuardOptions.CheckPrompts"/>
    public bool CheckPrompts { get; set; } = true;

    /// <inheritdoc cref="GuardOptions.CheckAnswers"/>
    public bool CheckAnswers { get; set; } = true;

    /// <inheritdoc cref="GuardOptions.CheckToolResults"/>
    public bool CheckToolResults { get; set; }

    /// <inheritdoc cref="GuardOptions.CheckSystemMessages"/>
    public bool CheckSystemMessages { get; set; }

    /// <inheritdoc cref="GuardOptions.CheckAssistantMessages"/>
    public bool CheckAssistantMessages { get; set; }

    /// <inheritdoc cref="GuardOptions.PassUncheckedContents"/>
    public bool PassUncheckedContents { get; set; }

    /// <inheritdoc cref="GuardOptions.AddNotices"/>
    public bool AddNotices { get; set; } = true;

    /// <inheritdoc cref="GuardOptions.ModerationTimeout"/>
    public TimeSpan ModerationTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>What a stream waits for before it is judged.</summary>
    public StreamStep Stream { get; set; } = StreamStep.Sentence;

    /// <summary>How much new text makes a window, in UTF-16 units; for <see cref="StreamStep.Window"/>.</summary>
    public int WindowCharacters { get; set; } = 200;

    /// <summary>How much judged text of a stream stays back, in UTF-16 units; null is 80 for windows and 0 for sentences.</summary>
    public int? HoldBackCharacters { get; set; }

    /// <inheritdoc cref="StreamRelease.ContextCharacters"/>
    public int ContextCharacters { get; set; } = 4000;

    internal void ApplyTo(GuardOptions options)
    {
        options.CheckPrompts = CheckPrompts;
        options.CheckAnswers = CheckAnswers;
        options.CheckToolResults = CheckToolResults;
        options.CheckSystemMessages = CheckSystemMessages;
        options.CheckAssistantMessages = CheckAssistantMessages;
        options.PassUncheckedContents = PassUncheckedContents;
        options.AddNotices = AddNotices;
        options.ModerationTimeout = ModerationTimeout;
        StreamRelease release = Stream switch
        {
            StreamStep.Whole => StreamRelease.Whole,
            StreamStep.Window => StreamRelease.Windows(WindowCharacters, HoldBackCharacters ?? 80),
            _ => StreamRelease.Sentences(HoldBackCharacters ?? 0),
        };
        options.Release = release with { ContextCharacters = ContextCharacters };
    }
}
