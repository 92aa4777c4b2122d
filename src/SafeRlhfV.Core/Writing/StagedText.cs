namespace SafeRlhfV.Core;

/// <summary>A text file that is written aside and takes its name only when it is whole.</summary>
public static class StagedText
{
    /// <summary>Writes the file, in the place of one that is there. Folders above it are made.</summary>
    /// <exception cref="InvalidInputException">The name is a folder's, or the disk refuses; nothing is left behind.</exception>
    public static void Write(string path, string text)
    {
        if (path.Length == 0) throw new InvalidInputException("the name of the file to write is empty; name a file.");
        if (Directory.Exists(path)) throw new InvalidInputException($"{path}: is a folder; name a file.");
        string aside = $"{path}.{Guid.NewGuid():N}.partial";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
            File.WriteAllText(aside, text);
            File.Move(aside, path, overwrite: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            if (File.Exists(aside)) File.Delete(aside);
            throw new InvalidInputException($"{path}: cannot be written ({error.Message.Replace(aside, path, StringComparison.Ordinal).TrimEnd('.')}); check the permissions and the free space.", error);
        }
    }
}
