using System.Globalization;

namespace SafeRlhfV.Training;

/// <summary>
/// Finds out whether a launcher (mpirun, srun, mpiexec) started this process as one of several, and joins the others. Without a launcher MPI is not loaded.
/// </summary>
public static class Launcher
{
    /// <summary>Names the MPI library to load, where the first one found is not the right one.</summary>
    public const string LibraryVariable = "SAFERLHFV_MPI";

    /// <summary>Seconds that a rank waits for the others before all are ended; 1800 without it.</summary>
    public const string TimeoutVariable = "SAFERLHFV_RANKS_TIMEOUT";

    private const string OpenMpi = "OMPI_COMM_WORLD_SIZE", Pmi = "PMI_SIZE", Pmix = "PMIX_RANK", Slurm = "SLURM_NTASKS", Torch = "WORLD_SIZE";
    private static readonly TimeSpan DefaultLimit = TimeSpan.FromMinutes(30);

    /// <summary>Joins the ranks that were launched together.</summary>
    /// <param name="environment">Gives the value of an environment variable; null = that of this process.</param>
    /// <returns><see cref="Ranks.Alone"/> where this is the only process.</returns>
    /// <exception cref="InvalidInputException">
    /// There is no MPI library, or it sees another number of processes than the launcher's variables say: each process would then train by itself.
    /// </exception>
    public static Ranks Join(Func<string, string?>? environment = null)
    {
        environment ??= Environment.GetEnvironmentVariable;
        (string Name, int Size)[] said = Said(environment);
        bool isLaunched = environment(Pmix) is not null || said.Any(one => one.Name is OpenMpi or Pmi || one.Size > 1);
        if (!isLaunched) return Ranks.Alone;
        string? named = environment(LibraryVariable) is { Length: > 0 } path ? path : null;
        TimeSpan limit = environment(TimeoutVariable) is { Length: > 0 } seconds ? TimeSpan.FromSeconds(Whole(TimeoutVariable, seconds)) : DefaultLimit;
        Ranks ranks = new(() => MpiCollectives.Join(named, isOpenMpi: environment(OpenMpi) is not null || environment(Pmi) is null), limit);
        if (Contradiction(said, ranks.Size, ranks.Library) is { } fault)
        {
            ranks.Dispose();
            throw new InvalidInputException(fault);
        }
        if (ranks.Size > 1) return ranks;
        ranks.Dispose();
        return Ranks.Alone;
    }

    /// <summary>As which rank of how many a launcher started this process, by its variables alone; null where it was started by itself.</summary>
    /// <param name="environment">Gives the value of an environment variable; null = that of this process.</param>
    public static (int Rank, int Size)? Place(Func<string, string?>? environment = null)
    {
        environment ??= Environment.GetEnvironmentVariable;
        // a batch script of Slurm has SLURM_NTASKS and a pod may have WORLD_SIZE while a program in it is alone: what is asked for is set for ranks only
        (string Size, string Rank, string Needed)[] launchers =
        [
            (OpenMpi, "OMPI_COMM_WORLD_RANK", OpenMpi), (Pmi, "PMI_RANK", Pmi), ("SLURM_STEP_NUM_TASKS", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS"),
            (Torch, "RANK", "LOCAL_RANK"),
        ];
        foreach ((string size, string rank, string needed) in launchers)
            if (environment(needed) is not null && int.TryParse(environment(size), NumberStyles.None, CultureInfo.InvariantCulture, out int ranks) && ranks > 1)
                return (int.TryParse(environment(rank), NumberStyles.None, CultureInfo.InvariantCulture, out int own) ? own : 0, ranks);
        return null;
    }

    /// <summary>How many ranks share this machine, as the launcher says; null where it does not say.</summary>
    public static int? RanksOfThisMachine() =>
        new[] { "OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS", "SLURM_NTASKS_PER_NODE", "LOCAL_WORLD_SIZE" }
            .Select(Environment.GetEnvironmentVariable)
            .Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int count) && count > 0 ? count : (int?)null)
            .FirstOrDefault(count => count is not null);

    /// <summary>What the launcher's variables and the library disagree in; null where they agree.</summary>
    internal static string? Contradiction(IEnumerable<(string Name, int Size)> said, int size, string library)
    {
        foreach ((string name, int number) in said)
        {
            if (number == size) continue;
            string mend = size == 1
                ? "each process would train by itself. Start them with the mpirun of that library or with 'srun --mpi=pmix'"
                : "start as many as the variable says";
            return $"{name} says {number} processes, and {library} sees {size}: {mend}; {LibraryVariable} names another library, and a variable of an "
                + "outer job that does not matter can be unset.";
        }
        return null;
    }

    private static (string Name, int Size)[] Said(Func<string, string?> environment) =>
        [.. new[] { OpenMpi, Pmi, Slurm, Torch }.Where(name => !string.IsNullOrEmpty(environment(name)))
            .Select(name => (name, Whole(name, environment(name)!)))];

    private static int Whole(string name, string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0
        ? number : throw new InvalidInputException($"{name} is '{text}', and a whole number above 0 is needed.");
}
