using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace SafeRlhfV.Data;

/// <summary>Reads ahead and works in parallel, in order and with bounded memory.</summary>
public static class RowPipeline
{
    private const int BatchRows = 64;
    private const long BatchBytes = 16L << 20;

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

    /// <summary>Maps rows on all cores while the next ones are read; results come in the rows' order.</summary>
    public static IEnumerable<TResult> Map<TResult>(IEnumerable<DatasetRow> rows, Func<DatasetRow, TResult> work, CancellationToken cancel = default)
    {
        foreach (List<DatasetRow> batch in Batches(rows).Prefetch(1))
        {
            cancel.ThrowIfCancellationRequested();
            TResult[] results = new TResult[batch.Count];
            try
            {
                Parallel.For(0, batch.Count, i => results[i] = work(batch[i]));
            }
            catch (AggregateException error) when (error.InnerExceptions.Count > 0)
            {
                ExceptionDispatchInfo.Throw(error.InnerExceptions[0]);
            }
            foreach (TResult result in results) yield return result;
        }
    }

    private static IEnumerable<List<DatasetRow>> Batches(IEnumerable<DatasetRow> rows)
    {
        List<DatasetRow> batch = [];
        long bytes = 0;
        foreach (DatasetRow row in rows)
        {
            batch.Add(row);
            bytes += row.Image?.Bytes?.Length ?? 0;
            if (batch.Count < BatchRows && bytes < BatchBytes) continue;
            yield return batch;
            (batch, bytes) = ([], 0);
        }
        if (batch.Count > 0) yield return batch;
    }
}
