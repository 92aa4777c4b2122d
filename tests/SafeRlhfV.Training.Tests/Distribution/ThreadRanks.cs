namespace SafeRlhfV.Training.Tests;

/// <summary>Ranks that are threads of this process: the same calls without launchers and libraries.</summary>
internal sealed unsafe class ThreadRanks : IDisposable
{
    private readonly Barrier barrier;
    private readonly nint[] shared;
    private readonly CancellationTokenSource broken = new();

    private ThreadRanks(int size) => (barrier, shared) = (new Barrier(size), new nint[size]);

    /// <summary>Runs the same work on some ranks.</summary>
    /// <returns>What each gave, in rank order.</returns>
    public static T[] Run<T>(int size, Func<Ranks, T> work)
    {
        using ThreadRanks all = new(size);
        T[] results = new T[size];
        Exception?[] errors = new Exception?[size];
        Thread[] threads = [.. Enumerable.Range(0, size).Select(rank => new Thread(() =>
        {
            try
            {
                using Ranks ranks = new(() => new OneOf(all, rank), TimeSpan.FromMinutes(2));
                results[rank] = work(ranks);
            }
            catch (Exception error)
            {
                errors[rank] = error;
                all.broken.Cancel();
            }
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        // what the others tell is that the first one has left
        if (errors.FirstOrDefault(error => error is not null and not OperationCanceledException) is { } cause) throw new AggregateException(cause);
        if (errors.FirstOrDefault(error => error is not null) is { } stop) throw new OperationCanceledException(stop.Message, stop);
        return results;
    }

    public void Dispose()
    {
        barrier.Dispose();
        broken.Dispose();
    }

    private void Meet() => barrier.SignalAndWait(broken.Token);

    private void Together(int rank, nint own, Action take)
    {
        shared[rank] = own;
        Meet();
        take();
        Meet();
    }

    private sealed class OneOf(ThreadRanks all, int rank) : ICollectives
    {
        public int Rank => rank;

        public int Size => all.shared.Length;

        public string Library => "threads";

        public void AllGather(nint own, nint every, int bytes) => all.Together(rank, own, () => Take(every, bytes));

        public void Gather(nint own, nint every, int bytes) => all.Together(rank, own, () =>
        {
            if (rank == 0) Take(every, bytes);
        });

        public void AllToAll(nint sent, nint received, int bytes) => all.Together(rank, sent, () =>
        {
            for (int from = 0; from < Size; from++)
                new ReadOnlySpan<byte>((byte*)all.shared[from] + (long)rank * bytes, bytes).CopyTo(new Span<byte>((byte*)received + (long)from * bytes, bytes));
        });

        public void Abort(int code) => all.broken.Cancel();

        public void Dispose()
        {
        }

        private void Take(nint every, int bytes)
        {
            for (int from = 0; from < Size; from++)
                new ReadOnlySpan<byte>((byte*)all.shared[from], bytes).CopyTo(new Span<byte>((byte*)every + (long)from * bytes, bytes));
        }
    }
}
