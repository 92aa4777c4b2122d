using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace SafeRlhfV.Core;

/// <summary>What the disk does for <see cref="AtomicFile"/> and <see cref="AtomicFolder"/>, and digests of files.</summary>
public static class DurableFiles
{
    private const int ManyFiles = 256;
    private const int CurrentFolder = -100, Exchange = 2, InvalidArgument = 22;

    /// <summary>Flushes all files and folders below a folder, and itself.</summary>
    public static void FlushTree(string folder)
    {
        string[] files = Directory.GetFiles(folder, "*", SearchOption.AllDirectories);
        if (files.Length > ManyFiles && OperatingSystem.IsLinux())
        {
            FlushUnixFolder(folder, SyncFileSystem); // thousands of small files: all at once
            return;
        }
        foreach (string file in files)
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
        if (!OperatingSystem.IsWindows()) FlushUnixFolder(folder, FSync);
    }

    /// <summary>Lets two paths of one file system change their names in one step.</summary>
    /// <returns>False where the system cannot.</returns>
    internal static bool TryExchange(string one, string other)
    {
        if (!OperatingSystem.IsLinux()) return false;
        try
        {
            return RenameAt2(CurrentFolder, one, CurrentFolder, other, Exchange) == 0;
        }
        catch (EntryPointNotFoundException)
        {
            return false; // an old C library
        }
    }

    /// <summary>Gives a file a second name; where the file system cannot, copies it.</summary>
    /// <exception cref="IOException">The second name is taken, or the disk refuses.</exception>
    public static void LinkOrCopy(string file, string second)
    {
        if (!OperatingSystem.IsWindows() && Link(file, second) == 0) return;
        File.Copy(file, second);
    }

    /// <summary>SHA-256 of a file, in lower-case hexadecimal.</summary>
    public static string Sha256(string path)
    {
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    [UnsupportedOSPlatform("windows")]
    private static void FlushUnixFolder(string folder, Func<int, int> flush)
    {
        int handle = Open(folder, 0);
        if (handle < 0) throw new IOException($"{folder}: cannot be opened to be flushed.");
        int result = flush(handle), error = Marshal.GetLastPInvokeError();
        _ = Close(handle);
        // some file systems cannot flush a folder, and need not
        if (result != 0 && error != InvalidArgument) throw new IOException($"{folder}: cannot be flushed to the disk.");
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    private static extern int Open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);

    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    private static extern int Link([MarshalAs(UnmanagedType.LPUTF8Str)] string file, [MarshalAs(UnmanagedType.LPUTF8Str)] string second);

    [DllImport("libc", EntryPoint = "renameat2", SetLastError = true)]
    private static extern int RenameAt2(
        int folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string one, int otherFolder, [MarshalAs(UnmanagedType.LPUTF8Str)] string other, uint flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static extern int FSync(int handle);

    [DllImport("libc", EntryPoint = "syncfs", SetLastError = true)]
    private static extern int SyncFileSystem(int handle);

    [DllImport("libc", EntryPoint = "close")]
    private static extern int Close(int handle);
}
