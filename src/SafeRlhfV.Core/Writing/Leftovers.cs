namespace SafeRlhfV.Core;

/// <summary>What killed processes left of atomic writes. A file is a leftover if no process has it open: who writes it holds a lock.</summary>
internal static class Leftovers
{
    /// <summary>Removes a file that no process has open.</summary>
    /// <returns>Whether the name is free now.</returns>
    public static bool Remove(string file)
    {
        try
        {
            if (!File.Exists(file)) return true;
            new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
            File.Delete(file);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Removes a folder and all in it, as far as the disk allows: it lies under a name that says what it is.</summary>
    public static void RemoveFolder(string folder)
    {
        try
        {
            if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // the next write of the same folder tries again
        }
    }
}
