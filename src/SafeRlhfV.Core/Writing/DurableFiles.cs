using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Security.Cryptography;

namespace SafeRlhfV.Core;

/// <summary>What the disk does for <see cref="AtomicFile"/> and <see cref="AtomicFolder"/>, and digests of files.</summary>
public static class DurableFiles
{
    private const int ManyFiles = 256;
    private const int CurrentFolder = -100, NoReplace = 1, Exchange = 2, AlreadyExists = 17, InvalidArgument = 22;

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

    /// <summary>
    /// Gives a file another name unless that is taken, in one step: of several files that are given the same name at one moment one gets it. The old name may
    /// stay. <see cref="File.Move(string, string)"/> does not do this on Unix: it looks for the file, then renames.
    /// </summary>
    /// <returns>Whether the file has the name now; false where another one has it.</returns>
    /// <exception cref="IOException">The disk refuses.</exception>
    internal static bool TryName(string file, string name)
    {
        if (OperatingSystem.IsWindows())
            try
            {
                File.Move(file, name);
                return true;
            }
            catch (IOException) when (File.Exists(name))
            {
                return false;
            }
        if (Link(file, name) == 0) return true;
        int error = Marshal.GetLastPInvokeError();
        // not every file system has hard links
        if (error != AlreadyExists && OperatingSystem.IsLinux())
        {
            if (RenameAt2(CurrentFolder, file, CurrentFolder, name, NoReplace) == 0) return true;
            error = Marshal.GetLastPInvokeError();
        }
        return error == AlreadyExists ? false : throw new IOException($"{name}: {Marshal.GetPInvokeErrorMessage(error)}");
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
