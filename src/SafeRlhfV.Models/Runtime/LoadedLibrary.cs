using System.Globalization;
using System.Runtime.InteropServices;

namespace SafeRlhfV.Models;

/// <summary>A native library that this process has loaded, and the place of its functions.</summary>
internal static partial class LoadedLibrary
{
    private const int ReadWrite = 3, ReadExecute = 5, ReadWriteExecute = 7, PrivateAnonymous = 0x22;

    /// <summary>The file of a loaded library; null where it is not loaded.</summary>
    public static string? PathOf(string library) => !File.Exists("/proc/self/maps") ? null
        : File.ReadLines("/proc/self/maps").Select(line => line[Math.Max(0, line.IndexOf('/'))..])
            .FirstOrDefault(path => path.EndsWith("/" + library, StringComparison.Ordinal));

    /// <summary>The address of an exported function; 0 where library or function is not there.</summary>
    public static nint Find(string library, string function) =>
        PathOf(library) is { } path && NativeLibrary.TryLoad(path, out nint handle) && NativeLibrary.TryGetExport(handle, function, out nint address)
            ? address : 0;

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

    /// <summary>Puts machine code into memory of its own, for good. It is no allocator's memory, since allocators change the protection of theirs.</summary>
    /// <returns>Its address; 0 where a hardened system forbids it.</returns>
    public static unsafe nint Place(ReadOnlySpan<byte> code)
    {
        nint place = MapMemory(0, (nuint)code.Length, ReadWrite, PrivateAnonymous, -1, 0);
        if (place == -1) return 0;
        code.CopyTo(new Span<byte>((void*)place, code.Length));
        return ProtectMemory(place, (nuint)code.Length, ReadExecute) == 0 ? place : 0;
    }

    /// <summary>The path of the file whose memory an address lies in; empty where there is none.</summary>
    public static string FileAt(nint address)
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            string[] ends = line[..line.IndexOf(' ')].Split('-');
            if (address >= nint.Parse(ends[0], NumberStyles.HexNumber) && address < nint.Parse(ends[1], NumberStyles.HexNumber))
                return line.IndexOf('/') is >= 0 and int at ? line[at..] : "";
        }
        return "";
    }

    /// <summary>Machine code that goes on somewhere else.</summary>
    public static byte[] JumpTo(nint address) => [0x48, 0xB8, .. BitConverter.GetBytes((long)address), 0xFF, 0xE0]; // mov rax, address; jmp rax

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint MapMemory(nint address, nuint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int ProtectMemory(nint address, nuint length, int protection);
}
