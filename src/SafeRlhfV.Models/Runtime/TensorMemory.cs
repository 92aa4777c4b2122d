using System.Runtime.InteropServices;

namespace SafeRlhfV.Models;

/// <summary>
/// libtorch fetches the memory of tensors by <c>posix_memalign</c>, and the C library (glibc up to 2.37 at least) never gives a freed block to an aligned
/// request of the same size, so that a process grows to several times what its tensors take. This has the memory fetched by <c>malloc</c>, a little larger and
/// aligned by hand: a step of PPO then takes a third less (docs/log.md). The two functions of libtorch are overwritten in this process's memory; blocks that
/// were fetched before are told by what stands before them.
/// </summary>
internal static class TensorMemory
{
    public const string Name = "c10::alloc_cpu and c10::free_cpu";

    // what libtorch aligns to; before each block stand a mark and the address that malloc gave
    private const byte Alignment = 64, Slack = Alignment + 2 * sizeof(long) - 1;

    // 0 (minus 1), negative and absurd sizes, and those that malloc has no room for, go to libtorch's own function, which knows what to answer
    private const long Largest = 1L << 46;

    // how the functions begin that are known: four instructions that may stand anywhere, and a jump to free
    private static ReadOnlySpan<byte> AllocateStart => [0xF3, 0x0F, 0x1E, 0xFA, 0x41, 0x57, 0x41, 0x56, 0x41, 0x55, 0x41, 0x54];
    private static ReadOnlySpan<byte> FreeStart => [0xF3, 0x0F, 0x1E, 0xFA, 0xE9];

    /// <summary>Begins; memory of earlier tensors is freed as before.</summary>
    public static NativeChange ReuseTensorMemory()
    {
        nint allocate = LoadedLibrary.Find("libc10.so", "_ZN3c109alloc_cpuEm"), free = LoadedLibrary.Find("libc10.so", "_ZN3c108free_cpuEPv");
        if (allocate == 0 || free == 0 || !LoadedLibrary.Begins(allocate, AllocateStart) || !LoadedLibrary.Begins(free, FreeStart))
            return Left("another build of libtorch");
        // by way of the program, so that an allocator that was loaded before the C library is found
        nint program = NativeLibrary.GetMainProgramHandle();
        if (!NativeLibrary.TryGetExport(program, "malloc", out nint malloc) || !NativeLibrary.TryGetExport(program, "free", out nint release))
            return Left("no malloc was found");
        string owner = Path.GetFileName(LoadedLibrary.FileAt(malloc));
        if (owner != "libc.so.6") return Left($"{owner} allocates, which has no need of it");
        nint mark = (nint)Random.Shared.NextInt64();
        nint newAllocate = LoadedLibrary.Place(AllocateCode(malloc, mark, allocate)), newFree = LoadedLibrary.Place(FreeCode(release, mark));
        // free first: it knows both kinds of blocks
        bool done = newAllocate != 0 && newFree != 0 && LoadedLibrary.Overwrite(free, LoadedLibrary.JumpTo(newFree))
            && LoadedLibrary.Overwrite(allocate, LoadedLibrary.JumpTo(newAllocate));
        return done ? new(Name, true, "freed memory of tensors is used again") : Left("this system forbids writing code");
    }

    private static NativeChange Left(string reason) => new(Name, false, reason);

    private static byte[] AllocateCode(nint malloc, nint mark, nint original) =>
    [
        0xF3, 0x0F, 0x1E, 0xFA,                           // endbr64
        0x48, 0x8D, 0x47, 0xFF,                           // lea rax, [rdi - 1]
        0x48, 0xB9, .. Bytes(Largest),                    // mov rcx, Largest
        0x48, 0x39, 0xC8,                                 // cmp rax, rcx
        0x73, 0x35,                                       // jae original
        0x57,                                             // push rdi
        0x48, 0x8D, 0x7F, Slack,                          // lea rdi, [rdi + Slack]
        0x48, 0xB8, .. Bytes(malloc), 0xFF, 0xD0,         // call malloc
        0x5F,                                             // pop rdi
        0x48, 0x85, 0xC0,                                 // test rax, rax
        0x74, 0x1E,                                       // je original
        0x48, 0x8D, 0x48, Slack,                          // lea rcx, [rax + Slack]
        0x48, 0x83, 0xE1, unchecked((byte)-Alignment),    // and rcx, -Alignment
        0x48, 0x89, 0x41, 0xF8,                           // mov [rcx - 8], rax
        0x48, 0xBA, .. Bytes(mark),                       // mov rdx, mark
        0x48, 0x89, 0x51, 0xF0,                           // mov [rcx - 16], rdx
        0x48, 0x89, 0xC8,                                 // mov rax, rcx
        0xC3,                                             // ret
        .. AllocateStart[4..],                            // original: what was overwritten, then the rest of it
        .. LoadedLibrary.JumpTo(original + AllocateStart.Length),
    ];

    private static byte[] FreeCode(nint free, nint mark) =>
    [
        0xF3, 0x0F, 0x1E, 0xFA,                           // endbr64
        0x48, 0x85, 0xFF,                                 // test rdi, rdi
        0x74, 0x20,                                       // je done
        0x48, 0xB8, .. Bytes(mark),                       // mov rax, mark
        0x48, 0x39, 0x47, 0xF0,                           // cmp [rdi - 16], rax
        0x75, 0x04,                                       // jne plain
        0x48, 0x8B, 0x7F, 0xF8,                           // mov rdi, [rdi - 8]
        .. LoadedLibrary.JumpTo(free),                    // plain
        0xC3,                                             // done: ret
    ];

    private static byte[] Bytes(long number) => BitConverter.GetBytes(number);
}
