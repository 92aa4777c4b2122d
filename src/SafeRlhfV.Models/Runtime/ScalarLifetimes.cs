using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SafeRlhfV.Models;

/// <summary>
/// TorchSharp does not keep a temporary <see cref="TorchSharp.Scalar"/> alive while libtorch reads it: a collection that another thread starts at that moment frees
/// it under the call, which then fails or computes with another number (docs/log.md). This lets freed scalars rest before their memory is given back: the
/// function that frees one is overwritten in this process's memory by a jump to <see cref="Defer"/>.
/// </summary>
internal static unsafe partial class ScalarLifetimes
{
    // at 100,000 scalars a second each rests for more than a second; the calls in question take microseconds
    private const int Resting = 1 << 17;

    private static readonly nint[] Ring = new nint[Resting];
    private static int next;

    /// <summary>Begins to defer; where anything is not as expected, nothing is done.</summary>
    public static void Extend()
    {
        nint dispose = LoadedLibrary.Find("libLibTorchSharp.so", "THSTorch_dispose_scalar");
        if (dispose == 0) return;
        RuntimeHelpers.PrepareMethod(typeof(ScalarLifetimes).GetMethod(nameof(Defer), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.MethodHandle);
        delegate* unmanaged[Cdecl]<nint, void> defer = &Defer;
        Span<byte> jump = [0x48, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xE0]; // mov rax, defer; jmp rax
        BitConverter.TryWriteBytes(jump[2..], (long)defer);
        LoadedLibrary.Overwrite(dispose, jump);
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Defer(nint scalar)
    {
        nint rested = Interlocked.Exchange(ref Ring[Interlocked.Increment(ref next) & (Resting - 1)], scalar);
        if (rested != 0) Free(rested); // a scalar that holds a number needs no more than that
    }

    [LibraryImport("libc", EntryPoint = "free")]
    private static partial void Free(nint memory);
}
