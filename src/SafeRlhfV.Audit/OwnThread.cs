using System.Collections.Concurrent;

namespace SafeRlhfV.Audit;

/// <summary>
/// Runs tasks on a thread of its own, one after the other. Who waits for a disk there takes no thread from the pool, which has few and would leave processors
/// idle meanwhile.
/// </summary>
internal sealed class OwnThread : TaskScheduler, IDisposable
{
    private readonly BlockingCollection<Task> tasks = [];

    public OwnThread(string name) => new Thread(Run) { Name = name, IsBackground = true }.Start();

    /// <inheritdoc/>
    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Ends the thread when what waits is done.</summary>
    public void Dispose() => tasks.CompleteAdding();

    protected override void QueueTask(Task task) => tasks.Add(task);

    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks() => tasks;

    private void Run()
    {
        foreach (Task task in tasks.GetConsumingEnumerable()) TryExecuteTask(task);
        tasks.Dispose();
    }
}
