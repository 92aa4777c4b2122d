namespace SafeRlhfV.Guard.Tests;

internal sealed class RecordingObserver(bool failPrompt = false, bool failEnd = false) : IGuardObserver
{
    public List<GuardReport> Prompts { get; } = [];

    public List<GuardReport> Ends { get; } = [];

    public ValueTask PromptDecidedAsync(GuardReport report, CancellationToken cancellationToken)
    {
        if (failPrompt) throw new IOException("the database is away");
        Prompts.Add(report);
        return ValueTask.CompletedTask;
    }

    public ValueTask EndedAsync(GuardReport report, CancellationToken cancellationToken)
    {
        if (failEnd) throw new IOException("the database is away");
        Ends.Add(report);
        return ValueTask.CompletedTask;
    }
}
