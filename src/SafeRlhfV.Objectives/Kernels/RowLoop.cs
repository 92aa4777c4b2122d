using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>
/// Work on rows of tensors, on as many threads as torch computes with. Where torch uses libgomp, they are its own waiting threads: threads of another pool
/// would compete with them for the processors. Rows are cut by their number and size alone, so that sums over blocks have the same bits on any number of
/// threads.
/// </summary>
public static unsafe class RowLoop
{
    // numbers of a block; fewer are quicker on one thread than handed over
    private const long BlockNumbers = 1 << 14, MostBlocks = 64;

    private static readonly delegate* unmanaged<delegate* unmanaged[Cdecl]<nint, void>, nint, uint, uint, void> Team = FindTeam();

    /// <summary>Work on the rows from <paramref name="from"/> to before <paramref name="to"/>. An exception ends the loop, which throws it.</summary>
    /// <param name="block">The number of the block.</param>
    /// <param name="from">Its first row.</param>
    /// <param name="to">The row after its last.</param>
    public delegate void Block(int block, long from, long to);

    /// <summary>How many blocks rows are cut into: 1 for small tensors, at most 64; 0 without rows.</summary>
    /// <param name="rows">How many there are.</param>
    /// <param name="numbers">Numbers that a row's work reads and writes.</param>
    public static int Blocks(long rows, long numbers) => (int)Math.Min(Math.Min(rows, MostBlocks), Math.Max(1, rows * numbers / BlockNumbers));

    /// <summary>Calls <paramref name="work"/> for each block of rows.</summary>
    public static void Run(long rows, long numbers, Block work)
    {
        int blocks = Blocks(rows, numbers);
        Run(blocks, (_, block) => work(block, rows * block / blocks, rows * (block + 1) / blocks));
    }

    /// <summary>Calls <paramref name="work"/> for each of several pieces. An exception of it ends the loop, which throws it.</summary>
    /// <param name="pieces">How many there are.</param>
    /// <param name="work">Gets the number of the thread, below torch's number of threads, and that of the piece.</param>
    public static void Run(int pieces, Action<int, int> work)
    {
        int threads = Math.Min(pieces, get_num_threads());
        if (threads <= 1)
            for (int piece = 0; piece < pieces; piece++) work(0, piece);
        else
        {
            Job job = new(pieces, work);
            if (Team == null) Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ => job.Run());
            else RunOnTeam(job, threads);
            job.End();
        }
    }

    private static void RunOnTeam(Job job, int threads)
    {
        GCHandle handle = GCHandle.Alloc(job);
        Team(&RunJob, GCHandle.ToIntPtr(handle), (uint)threads, 0);
        handle.Free();
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void RunJob(nint job) => ((Job)GCHandle.FromIntPtr(job).Target!).Run();

    // the libgomp that libtorch was linked with: it is among the libraries that TorchSharp's bridge needs
    private static delegate* unmanaged<delegate* unmanaged[Cdecl]<nint, void>, nint, uint, uint, void> FindTeam()
    {
        nint address = OperatingSystem.IsLinux() ? TorchLibrary.Find("GOMP_parallel") : 0;
        return (delegate* unmanaged<delegate* unmanaged[Cdecl]<nint, void>, nint, uint, uint, void>)address;
    }

    private sealed class Job(int pieces, Action<int, int> work)
    {
        private int threads = -1, next = -1;
        private Exception? failure;

        public void Run()
        {
            int thread = Interlocked.Increment(ref threads);
            try
            {
                for (int piece = Interlocked.Increment(ref next); piece < pieces && failure is null; piece = Interlocked.Increment(ref next))
                    work(thread, piece);
            }
            catch (Exception error)
            {
                failure = error; // native code may have called
            }
        }

        public void End()
        {
            if (failure is not null) ExceptionDispatchInfo.Throw(failure);
        }
    }
}
