namespace SafeRlhfV.Core;

/// <summary>
/// The size of a file. <see cref="FileInfo.Length"/> gives that of a symbolic link itself, and the caches of the Hugging Face hub hold links.
/// </summary>
public static class FileSize
{
    /// <summary>Bytes of the file; of a link, those of the file that it leads to.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="IOException">There is no such file, or its links lead in a circle.</exception>
    public static long Of(string path)
    {
        FileInfo file = new(path);
        return (file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file).Length;
    }
}
