using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace SafeRlhfV.Data;

/// <summary>Reads ahead and works in parallel, in order and with bounded memory.</summary>
public static class RowPipeline
{
    private const int RowsPerCore = 16;
    private const long MostBytes = 16L << 20;

    /// <summary>The same rows, read ahead on a thread of their own.</summary>
    /// <param name="rows">The rows; enumerated on the other thread.</param>
    /// <param name="ahead">How many rows may wait.</param>
    public static IEnumerable<T> Prefetch<T>(this IEnumerable<T> rows, int ahead)
    {
        using BlockingCollection<T> waiting = new(ahead);
        using CancellationTokenSource stop = new();
        ExceptionDispatchInfo? error = null;
        Thread reader = new(() =>
        {
            try
            {
                foreach (T row in rows) waiting.Add(row, stop.Token);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested) { }
            catch (Exception thrown)
            {
                error = ExceptionDispatchInfo.Capture(thrown);
            }
            finally
            {
                waiting.CompleteAdding();
            }
        })
        { IsBackground = true, Name = "row reader" };
        reader.Start();
        try
        {
            foreach (T row in waiting.GetConsumingEnumerable()) yield return row;
            error?.Throw();
        }
        finally
        {
            stop.Cancel();
            reader.Join();
        }
    }

    /// <summary>Maps rows on all cores while the next ones are read; results come in the rows' order. A few rows a core are under way, of at most 16 MiB (or one a core).</summary>
    public static IEnumerable<TResult> Map<TResult>(IEnumerable<DatasetRow> rows, Func<DatasetRow, TResult> work, CancellationToken cancel = default)
    {
        int cores = Environment.ProcessorCount;
        // never more threads than cores: each holds a decoded picture
        TaskFactory tasks = new(new ConcurrentExclusiveSchedulerPair(TaskScheduler.Default, cores).ConcurrentScheduler);
        Queue<(Task<TResult> Task, int Bytes)> underWay = [];
        long bytes = 0;
        try
        {
            foreach (DatasetRow row in rows)
            {
                cancel.ThrowIfCancellationRequested();
                int size = row.Image?.Bytes?.Length ?? 0;
                while (underWay.Count >= cores && (underWay.Count >= RowsPerCore * cores || bytes + size > MostBytes)) yield return Next();
                underWay.Enqueue((tasks.StartNew(() => work(row), cancel), size));
                bytes += size;
            }
            while (underWay.Count > 0) yield return Next();
        }
        finally
        {
            Task.WhenAll(underWay.Select(each => each.Task)).ContinueWith(_ => { }, TaskScheduler.Default).Wait(CancellationToken.None);
        }

        TResult Next()
        {
            (Task<TResult> task, int size) = underWay.Dequeue();
            bytes -= size;
            return task.GetAwaiter().GetResult();
        }
    }
}
