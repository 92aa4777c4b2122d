namespace SafeRlhfV.Cli;

/// <summary>A text file that grows line by line beside its name and takes it when it is whole; without <see cref="Commit"/>, nothing stays.</summary>
internal sealed class LinesFile : IDisposable
{
    private readonly string path;
    private readonly AtomicFile file;
    private readonly StreamWriter writer;

    /// <summary>Begins the file.</summary>
    /// <exception cref="InvalidInputException">It is there already (without <paramref name="overwrite"/>), or its folder cannot be written.</exception>
    public LinesFile(string path, bool overwrite)
    {
        this.path = path;
        if (File.Exists(path) && !overwrite) throw new InvalidInputException($"{path}: already there; choose another name or add --overwrite.");
        file = AtomicFile.Create(path);
        writer = new StreamWriter(file.Stream, leaveOpen: true) { NewLine = "\n" };
    }

    /// <summary>Writes a line.</summary>
    /// <exception cref="InvalidInputException">The disk refuses.</exception>
    public void Line(string text) => DiskErrors.Writing(path, () => writer.WriteLine(text));

    /// <summary>Gives the file its name.</summary>
    /// <exception cref="InvalidInputException">The disk refuses.</exception>
    public void Commit()
    {
        DiskErrors.Writing(path, writer.Flush);
        file.Commit();
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose(); // what the writer still holds is not wanted any more
}
