namespace SafeRlhfV.Training.Tests;

/// <summary>Cancels a run when so many steps are done.</summary>
internal sealed class StopAt(long step, CancellationTokenSource cancel) : IProgress<TrainingProgress>
{
    public void Report(TrainingProgress value)
    {
        if (value.Done == step) cancel.Cancel();
    }
}
