using System.Globalization;

namespace SafeRlhfV.Models;

/// <summary>
/// libtorch's threads (libgomp) spin while they wait for one another. On an idle machine that is the fastest way; on a busy one a spinning thread takes the
/// processor from the one it waits for, and small work takes ten times as long. libgomp itself spins hardly at all while more of its threads are alive than there
/// are processors. So whenever this process's threads have to queue for a processor, spare threads, which do nothing, are kept alive. Only waiting changes, no result.
/// </summary>
internal static class ThreadWaiting
{
    public const string Name = "libgomp";

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    /// <summary>Starts a thread that looks how long this process's threads queue for processors.</summary>
    public static NativeChange Adapt()
    {
        if (Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is { Length: > 0 } policy) return Left($"OMP_WAIT_POLICY is {policy}");
        if (Environment.ProcessorCount == 1) return Left("there is one processor");
        if (!File.Exists("/proc/self/schedstat")) return Left("the system does not tell how long threads queue");
        if (SpareThreads.Find() is not { } spare) return Left("it is not loaded");
        new Thread(() => Watch(spare)) { IsBackground = true, Name = "queue for processors" }.Start();
        return new(Name, true, "its waiting threads spin only while processors are free");
    }

    private static void Watch(SpareThreads spare)
    {
        QueueGauge gauge = new();
        Dictionary<string, long> before = [];
        while (true)
        {
            Thread.Sleep(Period);
            Dictionary<string, long> now = Queued();
            long nanoseconds = now.Sum(thread => Math.Max(0, thread.Value - before.GetValueOrDefault(thread.Key, thread.Value)));
            before = now;
            if (gauge.MaySpin(nanoseconds / 1e9 / Period.TotalSeconds)) spare.Release();
            else spare.Keep();
        }
    }

    // nanoseconds that each thread has been ready to run and did not
    private static Dictionary<string, long> Queued()
    {
        Dictionary<string, long> queued = [];
        foreach (string thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            try
            {
                queued[thread] = long.Parse(File.ReadAllText(Path.Combine(thread, "schedstat")).Split(' ')[1], CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // it has ended
            }
        }
        return queued;
    }

    private static NativeChange Left(string reason) => new(Name, false, reason);
}
