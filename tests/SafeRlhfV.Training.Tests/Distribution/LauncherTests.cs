namespace SafeRlhfV.Training.Tests;

public sealed class LauncherTests
{
    [Theory]
    [InlineData("")]
    [InlineData("SLURM_NTASKS=1")]
    [InlineData("WORLD_SIZE=1")]
    public void WithoutALauncherNothingIsLoaded(string variables) =>
        Assert.Same(Ranks.Alone, Launcher.Join(Environment(variables + " SAFERLHFV_MPI=/no/such/library.so")));

    [Theory]
    [InlineData("OMPI_COMM_WORLD_SIZE=2", 2, null)]
    [InlineData("OMPI_COMM_WORLD_SIZE=2", 1, "OMPI_COMM_WORLD_SIZE says 2 processes, and a library sees 1: each process would train by itself")]
    [InlineData("PMI_SIZE=4", 1, "PMI_SIZE says 4")]
    [InlineData("OMPI_COMM_WORLD_SIZE=2 SLURM_NTASKS=4", 2, "SLURM_NTASKS says 4 processes, and a library sees 2")]
    [InlineData("WORLD_SIZE=8", 1, "WORLD_SIZE says 8")]
    public void ALauncherThatContradictsTheLibraryIsNamed(string variables, int size, string? fault)
    {
        (string, int)[] said = [.. variables.Split(' ').Select(one => one.Split('=')).Select(pair => (pair[0], int.Parse(pair[1])))];
        string? found = Launcher.Contradiction(said, size, "a library");
        if (fault is null) Assert.Null(found);
        else Assert.Contains(fault, found);
    }

    [Fact]
    public void AVariableThatIsNoNumberIsNamed() =>
        Assert.Contains("PMI_SIZE is 'two'", Assert.Throws<InvalidInputException>(() => Launcher.Join(Environment("PMI_SIZE=two"))).Message);

    [Fact]
    public void ALibraryThatIsNotThereIsNamed()
    {
        Func<string, string?> environment = Environment("WORLD_SIZE=2 SAFERLHFV_MPI=/no/such/library.so");
        Assert.Contains("/no/such/library.so cannot be loaded", Assert.Throws<InvalidInputException>(() => Launcher.Join(environment)).Message);
    }

    [Theory]
    [InlineData("", null, null)]
    [InlineData("OMPI_COMM_WORLD_SIZE=1 OMPI_COMM_WORLD_RANK=0", null, null)]
    [InlineData("OMPI_COMM_WORLD_SIZE=4 OMPI_COMM_WORLD_RANK=3", 3, 4)]
    [InlineData("PMI_SIZE=2 PMI_RANK=1", 1, 2)]
    [InlineData("SLURM_NTASKS=4 SLURM_PROCID=0", null, null)] // a batch script
    [InlineData("SLURM_NTASKS=4 SLURM_STEP_NUM_TASKS=4 SLURM_PROCID=2", 2, 4)]
    [InlineData("WORLD_SIZE=2 RANK=1", null, null)] // a pod
    [InlineData("WORLD_SIZE=2 RANK=1 LOCAL_RANK=0", 1, 2)]
    public void TheVariablesTellTheRank(string variables, int? rank, int? size)
    {
        (int Rank, int Size)? place = Launcher.Place(Environment(variables));
        Assert.Equal((rank, size), (place?.Rank, place?.Size));
    }

    private static Func<string, string?> Environment(string variables)
    {
        Dictionary<string, string> set = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(one => one.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        return name => set.GetValueOrDefault(name);
    }
}
