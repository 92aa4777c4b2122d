namespace SafeRlhfV.Bench;

/// <summary>The repository that this program was built in: its files are found from whatever folder the program is started.</summary>
internal static class Repository
{
    /// <summary>A place in it.</summary>
    /// <exception cref="InvalidInputException">The program lies outside of a repository.</exception>
    public static string At(params string[] path)
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "SafeRlhfV.slnx"))) folder = Path.GetDirectoryName(folder);
        return Path.Combine([folder ?? throw new InvalidInputException($"bench: needs {Path.Combine(path)} of the repository."), .. path]);
    }
}
