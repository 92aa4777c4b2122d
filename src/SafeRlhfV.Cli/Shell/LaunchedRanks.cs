using SafeRlhfV.Training;
using static TorchSharp.torch;

namespace SafeRlhfV.Cli;

/// <summary>The processes that a launcher started this one with: joined by the verb that trains, left when its outcome has been printed.</summary>
internal static class LaunchedRanks
{
    private static Ranks? current;

    /// <summary>Joins them; a process that was started by itself stays alone.</summary>
    /// <exception cref="InvalidInputException">The launcher and the MPI library contradict each other.</exception>
    public static Ranks Join()
    {
        Ranks ranks = Launcher.Join();
        if (ranks.IsAlone) return ranks;
        ranks.Stuck += waited => Output.Note($"safe-rlhf-v: rank {ranks.Rank}: {waited}");
        ShareProcessors();
        return current = ranks;
    }

    /// <summary>
    /// Open MPI gives processes a pseudo-terminal as stdout: control sequences for a terminal must not get into results. Call this before anything is written.
    /// </summary>
    public static void WritePlainly()
    {
        if (Environment.GetEnvironmentVariable("OMPI_COMM_WORLD_SIZE") is not null) Environment.SetEnvironmentVariable("TERM", "dumb");
    }

    /// <summary>What the message of a failure begins with; null where another rank says it.</summary>
    public static string? Prefix(int code)
    {
        if (current is not { IsFirst: false } ranks) return "";
        if (IsOrderly(code, ranks)) return null;
        Thread.Sleep(1000); // where all ranks fail alike the first one's message is enough: it ends the others meanwhile
        return $"rank {ranks.Rank}: ";
    }

    /// <summary>Leaves the others where all end in order; where this one fails, ends them too.</summary>
    /// <returns>
    /// The exit code of this process. Launchers kill the other processes when one ends with an error, so that only the first one may say "cancelled".
    /// </returns>
    public static int End(int code)
    {
        if (current is not { } ranks) return code;
        current = null;
        if (!IsOrderly(code, ranks)) ranks.Abort(code);
        ranks.Dispose();
        return ranks.IsFirst ? code : 0;
    }

    private static bool IsOrderly(int code, Ranks ranks) => code == 0 || (code == CliHost.Cancelled && ranks.StoppedTogether);

    // without binding each rank would take all processors
    private static void ShareProcessors()
    {
        if (Environment.GetEnvironmentVariable("OMP_NUM_THREADS") is not null || Launcher.RanksOfThisMachine() is not { } here) return;
        const string Online = "/proc/stat";
        int all = File.Exists(Online)
            ? File.ReadLines(Online).Count(line => line.StartsWith("cpu", StringComparison.Ordinal) && char.IsAsciiDigit(line[3])) : Environment.ProcessorCount;
        set_num_threads(Math.Max(1, Math.Min(Environment.ProcessorCount, all / here)));
    }
}
