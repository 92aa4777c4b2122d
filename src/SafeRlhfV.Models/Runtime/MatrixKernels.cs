using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using System.Text;

namespace SafeRlhfV.Models;

/// <summary>
/// libtorch's matrix library (MKL) asks "is this an Intel processor?" before it uses its 512-bit kernels, so that AMD processors which have those instructions
/// get kernels of half the width. The function that answers keeps its answer in a variable; this sets the variable to yes before the question is asked. Matrix
/// products of the demo then take about half the time (docs/log.md).
/// </summary>
internal static unsafe class MatrixKernels
{
    public const string Name = "mkl_serv_intel_cpu_true";

    private const int DisplacementAt = 2, NextInstruction = 6;

    // how the known function begins: mov eax, [rip + displacement]; test eax, eax; js further; ret
    private static ReadOnlySpan<byte> Start => [0x8B, 0x05];
    private static ReadOnlySpan<byte> Rest => [0x85, 0xC0, 0x78, 0x01, 0xC3];

    /// <summary>Widens the kernels.</summary>
    public static NativeChange UseAvx512OnAmd()
    {
        if (!Avx512F.IsSupported || !Avx512BW.IsSupported || Vendor() != "AuthenticAMD") return Left("only for AMD processors with 512-bit instructions");
        int* answer = Answer();
        if (answer is null) return Left("another build of libtorch");
        if (*answer >= 0) return Left("asked before");
        *answer = 1;
        return new(Name, true, "matrix products use 512-bit kernels");
    }

    /// <summary>Where the answer is kept: negative before the question was asked, then 1 for yes and 0 for no. Null in another build of libtorch.</summary>
    internal static int* Answer()
    {
        nint question = LoadedLibrary.Find("libtorch_cpu.so", Name);
        return question != 0 && LoadedLibrary.Begins(question, Start) && LoadedLibrary.Begins(question + NextInstruction, Rest)
            ? (int*)(question + NextInstruction + *(int*)(question + DisplacementAt)) : null;
    }

    private static NativeChange Left(string reason) => new(Name, false, reason);

    private static string Vendor()
    {
        (_, int b, int c, int d) = X86Base.CpuId(0, 0);
        Span<int> words = [b, d, c];
        return Encoding.ASCII.GetString(MemoryMarshal.AsBytes(words));
    }
}
