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

    /// <summary>
    /// Maps rows on all cores while the next ones are read; results come in the rows' order. A few rows a core are under way, of at most 16 MiB (or one a
    /// core).
    /// </summary>
    public static IEnumerable<TResult> Map<TResult>(IEnumerable<DatasetRow> rows, Func<DatasetRow, TResult> work,
        CancellationToken cancellationToken = default) =>
        Map(rows, row => row.Images.Sum(image => image.Bytes?.Length ?? 0), work, cancellationToken);

    /// <summary>The same for rows of any kind, whose bytes are told.</summary>
    internal static IEnumerable<TResult> Map<TRow, TResult>(IEnumerable<TRow> rows, Func<TRow, long> sizeOf, Func<TRow, TResult> work,
        CancellationToken cancellationToken)
    {
        int cores = Environment.ProcessorCount;
        Queue<Job<TRow, TResult>> underWay = [];
        using BlockingCollection<Job<TRow, TResult>> waiting = [];
        // threads of their own, never more than cores: each holds a decoded image
        Thread[] workers = [.. Enumerable.Range(0, cores).Select(_ => new Thread(() =>
        {
            foreach (Job<TRow, TResult> job in waiting.GetConsumingEnumerable()) job.Run(work);
        })
        { IsBackground = true, Name = "row worker" })];
        foreach (Thread worker in workers) worker.Start();
        long bytes = 0;
        try
        {
            foreach (TRow row in rows)
            {
                Job<TRow, TResult> job = new(row, sizeOf(row));
                while (underWay.Count >= cores && (underWay.Count >= RowsPerCore * cores || bytes + job.Bytes > MostBytes)) yield return Next();
                cancellationToken.ThrowIfCancellationRequested();
                underWay.Enqueue(job);
                waiting.Add(job, CancellationToken.None);
                bytes += job.Bytes;
            }
            while (underWay.Count > 0) yield return Next();
        }
        finally
        {
            waiting.CompleteAdding();
            while (waiting.TryTake(out _)) { } // nobody asks for these any more
            foreach (Thread worker in workers) worker.Join();
        }

        TResult Next()
        {
            cancellationToken.ThrowIfCancellationRequested();
            Job<TRow, TResult> job = underWay.Dequeue();
            bytes -= job.Bytes;
            return job.Take();
        }
    }

    private sealed class Job<TRow, TResult>(TRow row, long bytes)
    {
        private readonly ManualResetEventSlim done = new();
        private TResult? result;
        private ExceptionDispatchInfo? error;

        public long Bytes { get; } = bytes;

        public void Run(Func<TRow, TResult> work)
        {
            try
            {
                result = work(row);
            }
            catch (Exception thrown)
            {
                error = ExceptionDispatchInfo.Capture(thrown);
            }
            done.Set();
        }

        public TResult Take()
        {
            done.Wait();
            error?.Throw();
            return result!;
        }
    }
}
