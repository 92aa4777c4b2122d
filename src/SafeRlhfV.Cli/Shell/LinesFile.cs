namespace SafeRlhfV.Cli;

/// <summary>A text file that grows line by line beside its name and takes it when it is whole; left without <see cref="Commit"/>, nothing stays.</summary>
internal sealed class LinesFile : IDisposable
{
    private readonly string file, aside;
    private readonly StreamWriter writer;
    private bool whole;

    /// <summary>Begins the file.</summary>
    /// <exception cref="InvalidInputException">It is there already (without <paramref name="overwrite"/>), or its folder cannot be written.</exception>
    public LinesFile(string file, bool overwrite)
    {
        (this.file, aside) = (file, $"{file}.{Guid.NewGuid():N}.partial");
        if (Directory.Exists(file)) throw new InvalidInputException($"{file}: is a folder; name a file.");
        if (File.Exists(file) && !overwrite) throw new InvalidInputException($"{file}: already there; choose another name or add --overwrite.");
        try
        {
            writer = new StreamWriter(aside) { NewLine = "\n" };
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(error);
        }
    }

    public void Line(string text)
    {
        try
        {
            writer.WriteLine(text);
        }
        catch (IOException error)
        {
            throw Unwritable(error);
        }
    }

    /// <summary>Gives the file its name.</summary>
    public void Commit()
    {
        try
        {
            writer.Dispose();
            File.Move(aside, file, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unwritable(error);
        }
        whole = true;
    }

    public void Dispose()
    {
        if (whole) return;
        try
        {
            writer.Dispose();
        }
        finally
        {
            File.Delete(aside);
        }
    }

    private InvalidInputException Unwritable(Exception error) => new($"{file}: cannot be written ({error.Message}); check the folder, the permissions and the free space.", error);
}
