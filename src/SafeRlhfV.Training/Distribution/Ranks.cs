using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Text;
using System.Text.Json;

namespace SafeRlhfV.Training;

/// <summary>
/// The processes (ranks) that train one model together. All ranks do the same things in the same order, and exchange what one of them alone knows by the calls
/// here. One thread makes the calls, from a queue, so that they may run beside the backward pass. A single process is <see cref="Alone"/>, and calls nothing.
/// </summary>
public sealed class Ranks : IDisposable
{
    private readonly BlockingCollection<Posted> queue = [];
    private readonly ICollectives? calls;
    private readonly Thread? thread;
    private readonly Timer? watch;
    private readonly TimeSpan limit;
    private volatile Posted? running;
    private int isStuck;

    private Ranks() { }

    /// <summary>Joins the other ranks.</summary>
    /// <param name="join">Joins them; called on the thread that makes all calls.</param>
    /// <param name="limit">How long a call may take before <see cref="Stuck"/>.</param>
    internal Ranks(Func<ICollectives> join, TimeSpan limit)
    {
        this.limit = limit;
        ICollectives? joined = null;
        Posted joining = new("join", _ => joined = join());
        thread = new Thread(() => Work(joining, () => joined)) { IsBackground = true, Name = "ranks" };
        thread.Start();
        joining.Wait();
        calls = joined;
        watch = new Timer(_ => Watch(), null, TimeSpan.FromSeconds(0.5), TimeSpan.FromSeconds(0.5));
    }

    /// <summary>A process by itself.</summary>
    public static Ranks Alone { get; } = new();

    /// <summary>The number of this process, from 0.</summary>
    public int Rank => calls?.Rank ?? 0;

    /// <summary>How many there are.</summary>
    public int Size => calls?.Size ?? 1;

    /// <summary>Whether this is the only process.</summary>
    public bool IsAlone => Size == 1;

    /// <summary>Whether this one writes files, metrics and messages.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>What carries the data, for messages.</summary>
    public string Library => calls?.Library ?? "none";

    /// <summary>Told, once, when the others have not come to a call in time: what this rank waits for. All ranks are ended after it.</summary>
    public event Action<string>? Stuck;

    /// <summary>Whether all ranks have agreed to stop: then each ends in order, and none has to be ended by another.</summary>
    public bool StoppedTogether { get; private set; }

    /// <summary>Time that this rank has waited for others so far, or moved data while it did nothing else.</summary>
    internal TimeSpan Waited { get; private set; }

    /// <summary>Rows that this rank has worked on so far.</summary>
    internal long Rows { get; private set; }

    /// <summary>Counts rows that this rank has worked on.</summary>
    internal void Worked(int rows) => Rows += rows;

    /// <summary>Each rank's bytes, in rank order; they may differ in length.</summary>
    /// <param name="what">What is exchanged. It must be the same on all ranks: one that is elsewhere in the program is an error.</param>
    /// <param name="own">This rank's.</param>
    internal byte[][] Gather(string what, ReadOnlySpan<byte> own)
    {
        byte[] mine = own.ToArray();
        if (IsAlone) return [mine];
        byte[][] all = new byte[Size][];
        Wait(Post(what, exchange => Exchange(exchange, what, mine, all)));
        return all;
    }

    /// <summary>Something that rank 0 alone finds out, told to all. It goes as JSON.</summary>
    internal T First<T>(string what, Func<T> find)
    {
        if (IsAlone) return find();
        byte[] own = IsFirst ? JsonSerializer.SerializeToUtf8Bytes(find(), CheckpointState.Options) : [];
        return JsonSerializer.Deserialize<T>(Gather(what, own)[0], CheckpointState.Options)!;
    }

    /// <summary>Whether something is so on any rank.</summary>
    internal bool Any(string what, bool own) => Gather(what, [own ? (byte)1 : (byte)0]).Any(one => one[0] == 1);

    /// <summary>Says that all ranks have agreed to stop.</summary>
    internal void StopTogether() => StoppedTogether = true;

    /// <summary>Puts a call at the end of the queue; all ranks must put the same ones there in the same order.</summary>
    internal Posted Post(string what, Action<ICollectives> call)
    {
        Posted posted = new(what, call);
        queue.Add(posted);
        return posted;
    }

    /// <summary>Waits until a call is done.</summary>
    /// <exception cref="InvalidOperationException">The call failed.</exception>
    internal void Wait(Posted posted)
    {
        long before = Stopwatch.GetTimestamp();
        posted.Wait();
        Waited += Stopwatch.GetElapsedTime(before);
    }

    /// <summary>Ends all ranks, whatever they are doing. Does not return.</summary>
    /// <param name="code">The exit code.</param>
    public void Abort(int code)
    {
        // the library may be in the middle of a call on the other thread, and refuse
        new Thread(() =>
        {
            Thread.Sleep(2000);
            Process.GetCurrentProcess().Kill();
        })
        { IsBackground = true }.Start();
        calls?.Abort(code);
        Environment.Exit(code);
    }

    /// <summary>Leaves the others, after all that was posted is done: all ranks must do it.</summary>
    public void Dispose()
    {
        if (calls is null) return;
        queue.CompleteAdding();
        thread!.Join();
        watch!.Dispose();
    }

    private void Work(Posted joining, Func<ICollectives?> joined)
    {
        joining.Run(null!);
        if (joined() is not { } own) return;
        foreach (Posted call in queue.GetConsumingEnumerable())
        {
            call.Begin();
            running = call;
            call.Run(own);
            running = null;
        }
        own.Dispose();
    }

    private void Watch()
    {
        if (running is not { } call || call.Running < limit || Interlocked.Exchange(ref isStuck, 1) == 1) return;
        Stuck?.Invoke($"waited {call.Running.TotalSeconds:F0} s for the other ranks ({call.What}); the rank without a message like this one is stuck.");
        Thread.Sleep(1000); // so that the others can say it, too
        Abort(1);
    }

    private static unsafe void Exchange(ICollectives exchange, string what, byte[] mine, byte[][] all)
    {
        long[] head = [mine.Length, Mark(what)], heads = new long[2 * all.Length];
        fixed (long* own = head, every = heads) exchange.AllGather((nint)own, (nint)every, 2 * sizeof(long));
        for (int rank = 0; rank < all.Length; rank++)
            if (heads[2 * rank + 1] != head[1]) throw new InvalidOperationException($"Rank {exchange.Rank} is at '{what}', and rank {rank} is elsewhere.");
        int width = (int)Enumerable.Range(0, all.Length).Max(rank => heads[2 * rank]);
        byte[] padded = new byte[Math.Max(1, width)], received = new byte[padded.Length * all.Length];
        mine.CopyTo(padded, 0);
        if (width > 0) fixed (byte* own = padded, every = received) exchange.AllGather((nint)own, (nint)every, width);
        for (int rank = 0; rank < all.Length; rank++) all[rank] = received.AsSpan(rank * width, (int)heads[2 * rank]).ToArray();
    }

    // FNV-1a: the same in every process, as string.GetHashCode is not
    private static long Mark(string text)
    {
        ulong hash = 14695981039346656037;
        foreach (byte one in Encoding.UTF8.GetBytes(text)) hash = (hash ^ one) * 1099511628211;
        return (long)hash;
    }

    /// <summary>A call in the queue.</summary>
    internal sealed class Posted(string what, Action<ICollectives> call)
    {
        private readonly ManualResetEventSlim done = new();
        private ExceptionDispatchInfo? error;
        private long begun;

        public string What => what;

        public TimeSpan Running => Stopwatch.GetElapsedTime(begun);

        public void Begin() => begun = Stopwatch.GetTimestamp();

        public void Run(ICollectives own)
        {
            try
            {
                call(own);
            }
            catch (Exception fault)
            {
                error = ExceptionDispatchInfo.Capture(fault);
            }
            done.Set();
        }

        public void Wait()
        {
            done.Wait();
            error?.Throw();
        }
    }
}
