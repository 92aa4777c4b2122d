using System.Runtime.InteropServices;
using TorchSharp;

namespace SafeRlhfV.Models;

/// <summary>What has to be done once in a process before libtorch is used in earnest. Models and optimizers call it; calling it again does nothing.</summary>
public static class TorchRuntime
{
    private static readonly Lazy<bool> Prepared = new(() =>
    {
        if (!OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture != Architecture.X64) return false;
        torch.InitializeDeviceType(DeviceType.CPU);
        MatrixKernels.Widen();
        TensorMemory.Reuse();
        return true;
    });

    /// <summary>Mends two faults of the libraries below in this process's memory: narrow matrix kernels on AMD processors, and memory of tensors that is not used again.</summary>
    public static void Prepare() => _ = Prepared.Value;
}
