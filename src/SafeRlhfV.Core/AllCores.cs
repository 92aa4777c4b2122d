using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace SafeRlhfV.Core;

/// <summary>
/// Work on all cores, in no order. A user's mistake comes out as it was thrown, not wrapped in an <see cref="AggregateException"/>; of several it is that of
/// the first item, as if the items were worked on one after another.
/// </summary>
public static class AllCores
{
    /// <summary>Runs the work for 0, 1, ..., <paramref name="count"/> - 1.</summary>
    /// <exception cref="InvalidInputException">The work threw it; of several, that of the smallest number.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static void For(int count, Action<int> work, CancellationToken cancellationToken = default) =>
        Run(first => Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellationToken }, (i, state) => first.Try(work, i, i, state)));

    /// <summary>Runs the work for every item; items are taken one by one, so that few are held at a time.</summary>
    /// <exception cref="InvalidInputException">The work or the sequence threw it; of several, that of the first item.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static void ForEach<T>(IEnumerable<T> items, Action<T> work, CancellationToken cancellationToken = default) =>
        Run(first => Parallel.ForEach(Partitioner.Create(items, EnumerablePartitionerOptions.NoBuffering),
            new ParallelOptions { CancellationToken = cancellationToken }, (item, state, index) => first.Try(work, item, index, state)));

    private static void Run(Action<FirstMistake> loop)
    {
        FirstMistake first = new();
        try
        {
            loop(first);
        }
        // the sequence's own fault lies behind all items that were taken
        catch (AggregateException error) when ((first.Mistake ?? error.InnerExceptions.OfType<InvalidInputException>().FirstOrDefault()) is { } mistake)
        {
            ExceptionDispatchInfo.Throw(mistake);
        }
        if (first.Mistake is { } one) ExceptionDispatchInfo.Throw(one);
    }

    private sealed class FirstMistake
    {
        private readonly Lock gate = new();
        private long at = long.MaxValue;

        public InvalidInputException? Mistake { get; private set; }

        public void Try<T>(Action<T> work, T item, long index, ParallelLoopState state)
        {
            try
            {
                work(item);
            }
            catch (InvalidInputException mistake)
            {
                lock (gate) if (index < at) (at, Mistake) = (index, mistake);
                // items before this one are still worked on
                state.Break();
            }
        }
    }
}
