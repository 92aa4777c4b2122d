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

    /// <summary>Whether a function begins with these bytes.</summary>
    public static unsafe bool Begins(nint function, ReadOnlySpan<byte> bytes) => new ReadOnlySpan<byte>((void*)function, bytes.Length).SequenceEqual(bytes);

    /// <summary>Puts machine code into memory of its own, for good.</summary>
    /// <returns>Its address; 0 where a hardened system forbids it.</returns>
    public static unsafe nint Place(ReadOnlySpan<byte> code)
    {
        nuint page = (nuint)Environment.SystemPageSize, length = ((nuint)code.Length + page - 1) / page * page;
        nint place = (nint)NativeMemory.AlignedAlloc(length, page);
        code.CopyTo(new Span<byte>((void*)place, code.Length));
        return ProtectMemory(place, length, ReadExecute) == 0 ? place : 0;
    }

    /// <summary>Machine code that goes on somewhere else.</summary>
    public static byte[] JumpTo(nint address) => [0x48, 0xB8, .. BitConverter.GetBytes((long)address), 0xFF, 0xE0]; // mov rax, address; jmp rax

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int ProtectMemory(nint address, nuint length, int protection);
}
