using SafeRlhfV.Models;

namespace SafeRlhfV.Inference;

/// <summary>
/// Answers jobs batch by batch on a thread of its own, so that torch's scopes never meet an await. A batch is whoever waits for the same sampling when the one
/// before ends; those who leave free their row at the next token.
/// </summary>
internal sealed class GenerationQueue : IDisposable
{
    private readonly ChatGenerator generator;
    private readonly int batchSize;
    private readonly object gate = new();
    private readonly LinkedList<GenerationJob> waiting = [];
    private readonly CancellationTokenSource stop = new();
    private readonly Thread worker;

    public GenerationQueue(ChatGenerator generator, int batchSize)
    {
        (this.generator, this.batchSize) = (generator, Math.Max(1, batchSize));
        worker = new Thread(Run) { IsBackground = true, Name = "generation" };
        worker.Start();
    }

    public void Add(GenerationJob job)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(stop.IsCancellationRequested, typeof(LocalChatClient));
            waiting.AddLast(job);
            Monitor.Pulse(gate);
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            if (stop.IsCancellationRequested) return;
            stop.Cancel();
            Monitor.Pulse(gate);
        }
        worker.Join();
        stop.Dispose();
    }

    private void Run()
    {
        while (TakeBatch() is { } batch)
        {
            try
            {
                Answer(batch);
            }
            catch (Exception error)
            {
                // whatever it was, those who wait are told and the next batch begins
                foreach (GenerationJob job in batch) job.Fail(error);
            }
        }
    }

    private void Answer(List<GenerationJob> batch)
    {
        TextSettings first = batch[0].Settings;
        TextSettings settings = first with
        {
            Tokens = first.Tokens with { MaxNewTokens = batch.Max(job => job.Settings.Tokens.MaxNewTokens), Stop = (row, ids) => batch[row].Count(ids.Count) },
        };
        RandomStream[] streams = [.. batch.Select(job => new RandomStream(job.Seed, "sampling"))];
        generator.Generate([.. batch.Select(job => job.Prompt)], settings, streams, delta => batch[delta.Prompt].Report(delta), stop.Token);
    }

    private List<GenerationJob>? TakeBatch()
    {
        lock (gate)
        {
            List<GenerationJob> batch = [];
            while (batch.Count == 0)
            {
                while (waiting.Count == 0 && !stop.IsCancellationRequested) Monitor.Wait(gate);
                if (stop.IsCancellationRequested)
                {
                    foreach (GenerationJob job in waiting) job.Fail(new ObjectDisposedException(nameof(LocalChatClient)));
                    return null;
                }
                for (LinkedListNode<GenerationJob>? node = waiting.First, next; node is not null && batch.Count < batchSize; node = next)
                {
                    next = node.Next;
                    GenerationJob job = node.Value;
                    if (job.Cancelled.IsCancellationRequested) job.Fail(new OperationCanceledException(job.Cancelled));
                    else if (batch.Count > 0 && !job.GoesWith(batch[0])) continue;
                    else batch.Add(job);
                    waiting.Remove(node);
                }
            }
            return batch;
        }
    }
}
