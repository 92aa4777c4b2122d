using System.Diagnostics;
using System.Globalization;

namespace SafeRlhfV.Models;

/// <summary>
/// libtorch's threads (libgomp) spin while they wait for one another. On an idle machine that is the fastest way; on a busy one a spinning thread takes the
/// processor from the one it waits for, and small work takes ten times as long. libgomp itself spins hardly at all while more of its threads are alive than
/// there are processors. So while this process's threads queue for processors that others have, spare threads, which do nothing, are kept alive. Only waiting
/// changes, no result.
/// </summary>
internal static class ThreadWaiting
{
    public const string Name = "libgomp";

    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(50);

    /// <summary>Starts a thread that looks how long this process's threads queue for processors that others have.</summary>
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
        Dictionary<string, (long Ran, long Queued)> before = [];
        long time = Stopwatch.GetTimestamp();
        while (true)
        {
            Thread.Sleep(Period);
            Dictionary<string, (long Ran, long Queued)> now = Threads();
            double seconds = Stopwatch.GetElapsedTime(time).TotalSeconds, ran = 0, queued = 0;
            time = Stopwatch.GetTimestamp();
            foreach ((string thread, (long Ran, long Queued) state) in now)
            {
                (long Ran, long Queued) was = before.GetValueOrDefault(thread, state);
                (ran, queued) = (ran + ((state.Ran - was.Ran) / 1e9 / seconds), queued + ((state.Queued - was.Queued) / 1e9 / seconds));
            }
            before = now;
            // threads of ours that queue for each other do not count
            if (gauge.MaySpin(Math.Min(queued, Environment.ProcessorCount - ran))) spare.Release();
            else spare.Keep();
        }
    }

    // nanoseconds that each thread has run, and been ready to run and did not
    private static Dictionary<string, (long Ran, long Queued)> Threads()
    {
        Dictionary<string, (long Ran, long Queued)> threads = [];
        foreach (string thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            try
            {
                string[] times = File.ReadAllText(Path.Combine(thread, "schedstat")).Split(' ');
                threads[thread] = (long.Parse(times[0], CultureInfo.InvariantCulture), long.Parse(times[1], CultureInfo.InvariantCulture));
            }
            catch (IOException)
            {
                // it has ended
            }
        }
        return threads;
    }

    private static NativeChange Left(string reason) => new(Name, false, reason);
}
