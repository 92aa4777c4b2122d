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
    // the calls in question take microseconds; the caller's thread may wait for a processor in between, though hardly so long
    private const long RestMilliseconds = 500;

    // where scalars are made as fast as can be, so many rest at most: still a second's worth of them
    private const int MostResting = 1 << 17;

    private static readonly Lock Guard = new();
    private static List<nint> resting = new(1 << 12), rested = new(1 << 12);
    private static long since = Environment.TickCount64;

    /// <summary>Begins to defer; where anything is not as expected, nothing is done.</summary>
    public static void Extend()
    {
        nint dispose = LoadedLibrary.Find("libLibTorchSharp.so", "THSTorch_dispose_scalar");
        if (dispose == 0) return;
        RuntimeHelpers.PrepareMethod(typeof(ScalarLifetimes).GetMethod(nameof(Defer), System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!.MethodHandle);
        delegate* unmanaged[Cdecl]<nint, void> defer = &Defer;
        LoadedLibrary.Overwrite(dispose, LoadedLibrary.JumpTo((nint)defer));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void Defer(nint scalar)
    {
        // not longer than it has to: scalars lie between the tensors, and each that stays cuts free memory in two
        lock (Guard)
        {
            long now = Environment.TickCount64;
            if (now - since >= RestMilliseconds || resting.Count >= MostResting)
            {
                foreach (nint old in rested) Free(old); // a scalar that holds a number needs no more than that
                rested.Clear();
                (resting, rested, since) = (rested, resting, now);
            }
            resting.Add(scalar);
        }
    }

    [LibraryImport("libc", EntryPoint = "free")]
    private static partial void Free(nint memory);
}
