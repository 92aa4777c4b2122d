using SafeRlhfV.Training;
using static TorchSharp.torch;

namespace SafeRlhfV.Cli;

/// <summary>The processes that a launcher started this one with: joined by the verb that trains, left when its outcome has been printed.</summary>
internal static class LaunchedRanks
{
    // how long the other ranks leave the word to the first one; before they have joined it may have started later
    private static readonly TimeSpan FirstSpeaks = TimeSpan.FromSeconds(1), FirstStarts = TimeSpan.FromSeconds(5);

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

    /// <summary>Whether a verb cannot run here: it does not know ranks, and a launcher started several. Each would do all its work.</summary>
    /// <param name="verb">The verb's first word.</param>
    /// <param name="fault">What the first rank says; null on the others, which wait until it has said it: launchers end all with the first that fails.</param>
    public static bool Refuses(string verb, out string? fault)
    {
        fault = null;
        if (verb == "train" || Launcher.Place() is not var (rank, size)) return false;
        if (rank == 0) fault = $"{verb} is one process, and this one was launched as one of {size} ranks; start it without mpirun, mpiexec, srun or torchrun.";
        else Thread.Sleep(FirstStarts);
        return true;
    }

    /// <summary>Whether this process speaks for all of them.</summary>
    public static bool IsFirst => (current?.Rank ?? Launcher.Place()?.Rank ?? 0) == 0;

    /// <summary>What the message of a failure begins with; null where another rank says it.</summary>
    public static string? Prefix(int code)
    {
        // before they have joined, the launcher's variables tell
        int rank = current?.Rank ?? Launcher.Place()?.Rank ?? 0;
        if (rank == 0) return "";
        if (current is { } ranks && IsOrderly(code, ranks)) return null;
        Thread.Sleep(current is null ? FirstStarts : FirstSpeaks); // where all ranks fail alike the first one's message is enough: it ends the others meanwhile
        return $"rank {rank}: ";
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
