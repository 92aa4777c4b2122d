using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace SafeRlhfV.Core;

/// <summary>Work on all cores, in no order. A user's mistake comes out as it was thrown, not wrapped in an <see cref="AggregateException"/>.</summary>
public static class AllCores
{
    /// <summary>Runs the work for 0, 1, ..., <paramref name="count"/> - 1.</summary>
    /// <exception cref="InvalidInputException">The work threw it; of several, one.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static void For(int count, Action<int> work, CancellationToken cancellationToken = default) =>
        Unwrapped(() => Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellationToken }, work));

    /// <summary>Runs the work for every item; items are taken one by one, so that few are held at a time.</summary>
    /// <exception cref="InvalidInputException">The work or the sequence threw it; of several, one.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static void ForEach<T>(IEnumerable<T> items, Action<T> work, CancellationToken cancellationToken = default) =>
        Unwrapped(() => Parallel.ForEach(Partitioner.Create(items, EnumerablePartitionerOptions.NoBuffering),
            new ParallelOptions { CancellationToken = cancellationToken }, work));

    private static void Unwrapped(Action run)
    {
        try
        {
            run();
        }
        catch (AggregateException error) when (error.InnerExceptions.OfType<InvalidInputException>().FirstOrDefault() is { } mistake)
        {
            ExceptionDispatchInfo.Throw(mistake);
        }
    }
}
