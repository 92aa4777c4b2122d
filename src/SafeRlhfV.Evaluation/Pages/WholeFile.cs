namespace SafeRlhfV.Evaluation;

/// <summary>Writes a file aside and renames it, so that no reader ever sees half of it.</summary>
internal static class WholeFile
{
    /// <exception cref="InvalidInputException">The folder cannot be written to, or the disk is full.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        string whole = Path.GetFullPath(path), aside = $"{whole}.{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(whole)!);
            using (FileStream stream = new(aside, FileMode.CreateNew))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }
            File.Move(aside, whole, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path} cannot be written: {error.Message.ReplaceLineEndings(" ")} Choose another folder, or mend its rights or free space.", error);
        }
        finally
        {
            try { File.Delete(aside); }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException) { } // the first error is the one to report
        }
    }
}
