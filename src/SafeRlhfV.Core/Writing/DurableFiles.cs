using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace SafeRlhfV.Core;

/// <summary>Files that survive a power cut: contents are flushed, then the folders that name them.</summary>
public static class DurableFiles
{
    /// <summary>Writes a small file aside, flushes it and renames it, so that there is the old content or the new one.</summary>
    public static void Replace(string path, ReadOnlySpan<byte> content)
    {
        string aside = $"{path}.{Guid.NewGuid():N}.partial";
        try
        {
            using (FileStream stream = new(aside, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }
            File.Move(aside, path, overwrite: true);
            FlushFolder(Path.GetDirectoryName(path)!);
        }
        catch
        {
            File.Delete(aside);
            throw;
        }
    }

    /// <summary>Flushes all files and folders below a folder, and itself.</summary>
    public static void FlushTree(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
            stream.Flush(flushToDisk: true);
        }
        foreach (string inner in Directory.EnumerateDirectories(folder, "*", SearchOption.AllDirectories)) FlushFolder(inner);
        FlushFolder(folder);
    }

    /// <summary>Makes renames and new names in a folder lasting.</summary>
    public static void FlushFolder(string folder)
    {
        if (!OperatingSystem.IsWindows()) FlushUnixFolder(folder);
    }

    /// <summary>SHA-256 of a file, in lower-case hexadecimal.</summary>
    public static string Sha256(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    [UnsupportedOSPlatform("windows")]
    private static void FlushUnixFolder(string folder)
    {
        int handle = Open(folder, 0);
        if (handle < 0) throw new IOException($"{folder}: cannot be opened to be flushed.");
        int result = FSync(handle);
        _ = Close(handle);
        // EINVAL: some file systems cannot flush a folder, and need not
        if (result != 0 && Marshal.GetLastPInvokeError() != 22) throw new IOException($"{folder}: cannot be flushed to the disk.");
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static extern int FSync(int handle);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int handle);
}
