using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using SafeRlhfV.Models;
using SafeRlhfV.Objectives;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeRlhfV.Training;

/// <summary>What this program finds on a machine, and what is missing: for <c>doctor</c>.</summary>
public sealed record MachineReport
{
    /// <summary>The .NET runtime that runs this program.</summary>
    public required string Runtime { get; init; }

    /// <summary>The .NET SDKs beside it; empty where programs run and are not built.</summary>
    public required IReadOnlyList<string> Sdks { get; init; }

    /// <summary>The operating system.</summary>
    public required string Platform { get; init; }

    /// <summary>The processor's name; null where the system does not tell.</summary>
    public required string? Processor { get; init; }

    /// <summary>Processors that this process may use.</summary>
    public required int Cores { get; init; }

    /// <summary>Instructions that decide the speed of matrix products: avx2, avx512, avx512_bf16, amx_bf16.</summary>
    public required IReadOnlyList<string> Instructions { get; init; }

    /// <summary>Memory of the machine in bytes; null where the system does not tell.</summary>
    public required long? MemoryBytes { get; init; }

    /// <summary>What of it this process can have, by the limit of its container, too.</summary>
    public required long? FreeBytes { get; init; }

    /// <summary>libtorch; null where none loads.</summary>
    public required LoadedTorch? Torch { get; init; }

    /// <summary>Why the CPU cannot be computed with; null where it works.</summary>
    public required string? CpuFault { get; init; }

    /// <summary>Functions that were changed in memory, and those that were left alone.</summary>
    public required IReadOnlyList<NativeChange> NativeChanges { get; init; }

    /// <summary>NVIDIA's driver and GPUs; null where there is no driver.</summary>
    public required CudaDriver? Cuda { get; init; }

    /// <summary>What is missing for computing on a GPU, each with how to mend it; empty where nothing is.</summary>
    public required IReadOnlyList<string> MissingForCuda { get; init; }

    /// <summary>MPI libraries, for training by several processes.</summary>
    public required IReadOnlyList<MpiLibrary> Mpi { get; init; }

    /// <summary>Looks at this machine. Loads libtorch and changes its functions in memory as the program does before training.</summary>
    public static MachineReport Look()
    {
        (LoadedTorch? torch, IReadOnlyList<NativeChange> changes, string? fault) = Load();
        CudaDriver? cuda = CudaDriver.Find();
        return new MachineReport
        {
            Runtime = RuntimeInformation.FrameworkDescription,
            Sdks = SdksBeside(),
            Platform = $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}",
            Processor = FirstValue("/proc/cpuinfo", "model name"),
            Cores = Environment.ProcessorCount,
            Instructions = [.. Supported()],
            MemoryBytes = DeviceMemory.OfHost(),
            FreeBytes = DeviceMemory.Free("cpu"),
            Torch = torch,
            CpuFault = fault ?? Compute(),
            NativeChanges = changes,
            Cuda = cuda,
            MissingForCuda = [.. Missing(torch, cuda)],
            Mpi = MpiLibrary.Find(),
        };
    }

    private static (LoadedTorch? Torch, IReadOnlyList<NativeChange> Changes, string? Fault) Load()
    {
        LoadedTorch? torch = null;
        try
        {
            torch = TorchLibraries.Load();
            return (torch, NativeTuning.Apply(), null);
        }
        catch (InvalidInputException error)
        {
            return (torch, [], error.Message);
        }
    }

    // a product and its gradient, in both types that models are trained in
    private static string? Compute()
    {
        foreach (ScalarType type in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16])
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor x = ones([2, 3], type).requires_grad_(true), w = full([3, 2], Scalars.Two, type);
            Tensor sum = x.matmul(w).sum();
            sum.Backward();
            (float value, float gradient) = (sum.to(ScalarType.Float32).item<float>(), x.grad!.to(ScalarType.Float32).mean().item<float>());
            if ((value, gradient) != (24, 4)) return $"a product of {type} gives {value} with the gradient {gradient}; 24 with 4 is right";
        }
        return null;
    }

    /// <summary>What is missing for a GPU.</summary>
    internal static IEnumerable<string> Missing(LoadedTorch? torch, CudaDriver? cuda)
    {
        Version oldest = new(12, 0), built = new(12, 8);
        if (cuda is null) yield return "NVIDIA's driver (libcuda.so.1 is not found): install the driver, or start the container with --gpus all";
        else if (cuda.Fault is { } fault) yield return $"a GPU that the driver shows: {fault}";
        if (cuda is not null && cuda.Version < oldest)
            yield return $"a newer driver: this one runs CUDA {cuda.Version}, and libtorch's CUDA {built} needs a driver for {oldest} at least (driver 525)";
        if (torch is null) yield break;
        if (!torch.HasCuda)
            yield return torch.IsOwn
                ? $"a libtorch with CUDA: pip install \"torch==2.10.*\" (built for CUDA 12), then set {TorchLibraries.Variable}=.../site-packages/torch/lib"
                : $"a libtorch with CUDA: {TorchLibraries.Variable} names {torch.Folder}, which has no libtorch_cuda.so";
        else if (torch.CudaFault is { } words) yield return $"CUDA that starts: {words}";
    }

    private static IEnumerable<string> Supported()
    {
        if (Avx2.IsSupported) yield return "avx2";
        if (Avx512F.IsSupported && Avx512BW.IsSupported) yield return "avx512";
        string flags = FirstValue("/proc/cpuinfo", "flags") ?? "";
        foreach (string name in (string[])["avx512_bf16", "amx_bf16"])
            if (flags.Split(' ').Contains(name)) yield return name;
    }

    private static string? FirstValue(string file, string field) => !File.Exists(file) ? null
        : File.ReadLines(file).FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal)) is not { } line ? null
        : line[(line.IndexOf(':') + 1)..].Trim();

    // <dotnet>/shared/Microsoft.NETCore.App/<version>/ is the runtime's place, <dotnet>/sdk/<version> that of an SDK
    private static string[] SdksBeside()
    {
        string folder = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..", "sdk"));
        if (!Directory.Exists(folder)) return [];
        IEnumerable<string> sdks = Directory.EnumerateDirectories(folder).Where(sdk => File.Exists(Path.Combine(sdk, "dotnet.dll")));
        return [.. sdks.Select(sdk => Path.GetFileName(sdk)).Order()];
    }
}
