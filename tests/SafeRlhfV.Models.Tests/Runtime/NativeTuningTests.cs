using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using SafeRlhfV.Testing;
using static TorchSharp.torch;

namespace SafeRlhfV.Models.Tests;

/// <summary>Nothing in this process asks for tuning: it uses the package as any program may.</summary>
public sealed unsafe class NativeTuningTests
{
    private const int Compared = 64;

    [Theory]
    [InlineData("libc10.so", "_ZN3c109alloc_cpuEm")]
    [InlineData("libc10.so", "_ZN3c108free_cpuEPv")]
    [InlineData("libtorch_cpu.so", "mkl_serv_intel_cpu_true")]
    [InlineData("libLibTorchSharp.so", "THSTorch_dispose_scalar")]
    public void APackageLeavesNativeCodeAsItIs(string library, string function)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64, "only for Linux on x86-64");
        Use();
        nint address = LoadedLibrary.Find(library, function);
        Assert.NotEqual(0, address);
        (string path, long offset) = PlaceInFile(address);
        using FileStream file = File.OpenRead(path);
        file.Position = offset;
        byte[] original = new byte[Compared];
        file.ReadExactly(original);
        Assert.True(LoadedLibrary.Begins(address, original), $"{function} is not as in {library}");
    }

    [Fact]
    public void TheMatrixLibraryKeepsItsOwnAnswer()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && X86Base.IsSupported, "only for Linux on x86-64");
        Use();
        int* answer = MatrixKernels.Answer();
        Assert.False(answer is null, "another build of libtorch");
        (_, int b, _, _) = X86Base.CpuId(0, 0);
        bool intel = b == 0x756E6547; // "Genu"
        Assert.Equal(intel, *answer == 1);
    }

    // what a program does with the package
    private static void Use()
    {
        using VisionLanguageModel model = ModelCheckpoint.Load(Golden.At("models", "llava-1.5-tiny"));
        using TorchSharp.DisposeScope scope = NewDisposeScope();
        Assert.True(model.Logits(zeros(1, 1, model.HiddenSize)).isfinite().all().item<bool>());
    }

    private static (string Path, long Offset) PlaceInFile(nint address)
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            string[] fields = line.Split(' ', 6);
            long[] ends = [.. fields[0].Split('-').Select(end => long.Parse(end, NumberStyles.HexNumber))];
            if (address >= ends[0] && address < ends[1]) return (fields[5].Trim(), address - ends[0] + long.Parse(fields[2], NumberStyles.HexNumber));
        }
        throw new InvalidOperationException("the function is nowhere");
    }
}
