namespace SafeRlhfV.Testing;

/// <summary>Finds the reference data: the folder that SAFERLHFV_GOLDEN names, else tests/golden of this repository.</summary>
public static class Golden
{
    /// <summary>The root of the reference data.</summary>
    public static string Root { get; } = Environment.GetEnvironmentVariable("SAFERLHFV_GOLDEN") is { Length: > 0 } named
        ? Path.GetFullPath(named)
        : Path.Combine(RepositoryRoot(), "tests", "golden");

    /// <summary>A path below the root.</summary>
    public static string At(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>The folder that holds the solution file.</summary>
    public static string RepositoryRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "SafeRlhfV.slnx"))) return folder.FullName;
        throw new DirectoryNotFoundException($"No SafeRlhfV.slnx above {AppContext.BaseDirectory}.");
    }
}
