using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace SafeRlhfV.Models;

/// <summary>
/// libtorch's matrix library (MKL) asks "is this an Intel processor?" before it uses its 512-bit kernels, so that AMD processors which have those instructions
/// get kernels of half the width. This answers yes on such processors, by overwriting that one function in this process's memory. Matrix products of the
/// demo then take about half the time (docs/log.md). SAFERLHFV_MKL=asis leaves it alone; where anything is not as expected, nothing is done.
/// </summary>
internal static class MatrixKernels
{
    /// <summary>Widens the kernels; it must come before the first matrix product of the process.</summary>
    public static void Widen()
    {
        if (!Avx512F.IsSupported || !Avx512BW.IsSupported || Vendor() != "AuthenticAMD" || Environment.GetEnvironmentVariable("SAFERLHFV_MKL") == "asis") return;
        nint question = LoadedLibrary.Find("libtorch_cpu.so", "mkl_serv_intel_cpu_true");
        if (question != 0) LoadedLibrary.Overwrite(question, [0xB8, 1, 0, 0, 0, 0xC3]); // mov eax, 1; ret
    }

    private static string Vendor()
    {
        (_, int b, int c, int d) = X86Base.CpuId(0, 0);
        Span<int> words = [b, d, c];
        return Encoding.ASCII.GetString(MemoryMarshal.AsBytes(words));
    }
}
