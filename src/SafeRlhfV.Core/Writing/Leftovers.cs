namespace SafeRlhfV.Core;

/// <summary>What killed processes left of atomic writes. A file is a leftover if no process has it open: who writes it holds a lock.</summary>
internal static class Leftovers
{
    /// <summary>Begins a file under a name that no other writer uses, and locks it.</summary>
    public static FileStream Begin(string file)
    {
        for (int attempt = 1; ; attempt++)
            try
            {
                FileStream stream = new(file, FileMode.OpenOrCreate, FileAccess.Write, FileShare.None, 1 << 16);
                if (File.Exists(file)) return stream;
                stream.Dispose(); // between its creation and its lock another process took it for a leftover and removed it
            }
            catch (IOException) when (attempt < 20)
            {
                Thread.Sleep(1); // another process may be looking whether it is a leftover
            }
    }

    /// <summary>Removes a file that no process has open.</summary>
    /// <returns>Whether the name is free now.</returns>
    public static bool Remove(string file)
    {
        try
        {
            if (!File.Exists(file)) return true;
            using (new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
                // while it is locked: whoever begins it at this moment sees that it is gone. Windows locks with the creation, and removes no open file
                if (!OperatingSystem.IsWindows()) File.Delete(file);
            if (OperatingSystem.IsWindows()) File.Delete(file);
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
