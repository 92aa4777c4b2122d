using System.Runtime.InteropServices;

namespace SafeRlhfV.Models;

/// <summary>A native library that this process has loaded, and the place of its functions.</summary>
internal static partial class LoadedLibrary
{
    private const int ReadExecute = 5, ReadWriteExecute = 7;

    /// <summary>The address of an exported function; 0 where library or function is not there.</summary>
    public static nint Find(string library, string function) =>
        File.ReadLines("/proc/self/maps").Select(line => line[Math.Max(0, line.IndexOf('/'))..]).FirstOrDefault(path => path.EndsWith("/" + library, StringComparison.Ordinal)) is { } path
        && NativeLibrary.TryLoad(path, out nint handle) && NativeLibrary.TryGetExport(handle, function, out nint address) ? address : 0;

    /// <summary>Writes machine code over a function's beginning in this process's memory.</summary>
    /// <returns>Whether it was done: a hardened system forbids it.</returns>
    public static unsafe bool Overwrite(nint function, ReadOnlySpan<byte> code)
    {
        nint page = function & ~(nint)(Environment.SystemPageSize - 1);
        nuint length = (nuint)(function + code.Length - page);
        if (ProtectMemory(page, length, ReadWriteExecute) != 0) return false;
        code.CopyTo(new Span<byte>((void*)function, code.Length));
        _ = ProtectMemory(page, length, ReadExecute);
        return true;
    }

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int ProtectMemory(nint address, nuint length, int protection);
}
