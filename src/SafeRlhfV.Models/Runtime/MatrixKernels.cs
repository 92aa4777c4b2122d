using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;
using TorchSharp;

namespace SafeRlhfV.Models;

/// <summary>
/// libtorch's matrix library (MKL) asks "is this an Intel processor?" before it uses its 512-bit kernels, so that AMD processors which have those instructions
/// get kernels of half the width. This answers yes on such processors, by overwriting that one function in this process's memory. Matrix products of the
/// demo then take about half the time (docs/log.md). SAFERLHFV_MKL=asis leaves it alone; where anything is not as expected, nothing is done.
/// </summary>
internal static partial class MatrixKernels
{
    private const string Question = "mkl_serv_intel_cpu_true", Library = "libtorch_cpu.so";
    private const int ReadExecute = 5, ReadWriteExecute = 7;

    private static readonly byte[] Yes = [0xB8, 1, 0, 0, 0, 0xC3]; // mov eax, 1; ret
    private static int done;

    /// <summary>Widens the kernels, once; it must come before the first matrix product of the process.</summary>
    public static void Widen()
    {
        if (Interlocked.Exchange(ref done, 1) != 0 || !OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64) return;
        if (!Avx512F.IsSupported || !Avx512BW.IsSupported || Vendor() != "AuthenticAMD" || Environment.GetEnvironmentVariable("SAFERLHFV_MKL") == "asis") return;
        torch.InitializeDeviceType(DeviceType.CPU);
        if (PathOfLibrary() is { } path && NativeLibrary.TryLoad(path, out nint library) && NativeLibrary.TryGetExport(library, Question, out nint function)) Answer(function);
    }

    private static unsafe void Answer(nint function)
    {
        nint page = function & ~(nint)(Environment.SystemPageSize - 1);
        nuint length = (nuint)(function + Yes.Length - page);
        if (ProtectMemory(page, length, ReadWriteExecute) != 0) return; // a hardened system forbids it
        Yes.CopyTo(new Span<byte>((void*)function, Yes.Length));
        _ = ProtectMemory(page, length, ReadExecute);
    }

    private static string? PathOfLibrary() => File.ReadLines("/proc/self/maps").Select(line => line[Math.Max(0, line.IndexOf('/'))..]).FirstOrDefault(path => path.EndsWith("/" + Library, StringComparison.Ordinal));

    private static string Vendor()
    {
        (_, int b, int c, int d) = X86Base.CpuId(0, 0);
        Span<int> words = [b, d, c];
        return Encoding.ASCII.GetString(MemoryMarshal.AsBytes(words));
    }

    [LibraryImport("libc", EntryPoint = "mprotect")]
    private static partial int ProtectMemory(nint address, nuint length, int protection);
}
