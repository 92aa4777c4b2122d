namespace SafeRlhfV.Models;

/// <summary>
/// Threads of libgomp's that do nothing but exist. It counts all of its threads, and keeps those that a thread has put to work until that thread ends.
/// </summary>
internal sealed unsafe class SpareThreads
{
    public const string Name = "spare threads";

    private readonly nint parallel, nothing;
    private ManualResetEventSlim? end;

    private SpareThreads(nint parallel, nint nothing, int processors) => (this.parallel, this.nothing, Count) = (parallel, nothing, processors + 1);

    /// <summary>How many there are, with the one that began them: one more than there are processors.</summary>
    public int Count { get; }

    /// <summary>Those of the library that is loaded; null where there is none.</summary>
    public static SpareThreads? Find()
    {
        string? library = File.ReadLines("/proc/self/maps").Select(line => line[(line.LastIndexOf('/') + 1)..])
            .FirstOrDefault(name => name.StartsWith("libgomp", StringComparison.Ordinal));
        if (library is null) return null;
        // any function without arguments or effects will do as their work
        nint parallel = LoadedLibrary.Find(library, "GOMP_parallel"), nothing = LoadedLibrary.Find(library, "omp_get_thread_num");
        nint processors = LoadedLibrary.Find(library, "omp_get_num_procs"); // its own count, whatever share of them a container may use
        return parallel == 0 || nothing == 0 || processors == 0 ? null : new SpareThreads(parallel, nothing, ((delegate* unmanaged<int>)processors)());
    }

    /// <summary>Starts them, unless they are there.</summary>
    public void Keep()
    {
        if (end is not null) return;
        ManualResetEventSlim signal = end = new();
        new Thread(() =>
        {
            ((delegate* unmanaged<nint, nint, uint, uint, void>)parallel)(nothing, 0, (uint)Count, 0);
            signal.Wait();
        })
        { IsBackground = true, Name = Name }.Start();
    }

    /// <summary>Ends them: libgomp frees the threads of a thread that ends.</summary>
    public void Release()
    {
        end?.Set();
        end = null;
    }
}
