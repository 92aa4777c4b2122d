using System.Runtime.InteropServices;
using TorchSharp;

namespace SafeRlhfV.Models;

/// <summary>
/// Changes to the native libraries in this process that make libtorch faster and smaller on a CPU (docs/decisions/0006). No type of this package makes them by
/// itself: the program that owns the process may, by one call at its start. Two write to the libraries' memory, and only where the bytes that they replace are
/// those of the known build; the third keeps threads of libgomp's alive while the machine is busy.
/// </summary>
public static class NativeTuning
{
    /// <summary>The environment variable that turns the changes off, with the value "off".</summary>
    public const string Variable = "SAFERLHFV_NATIVE";

    private static readonly Lazy<IReadOnlyList<NativeChange>> Applied = new(Change);

    /// <summary>
    /// Loads libtorch and makes the changes. To be called once, by the program's own host, on one thread, before anything computes with tensors; calling it
    /// again does nothing.
    /// </summary>
    /// <returns>What was done, and what was not and why.</returns>
    /// <exception cref="InvalidInputException">The environment variable has a value other than "off".</exception>
    public static IReadOnlyList<NativeChange> Apply() => Applied.Value;

    private static IReadOnlyList<NativeChange> Change()
    {
        string? wish = Environment.GetEnvironmentVariable(Variable);
        if (wish is not (null or "" or "off"))
            throw new InvalidInputException($"{Variable} is '{wish}'; 'off' turns the changes to native code off, without the variable they are made.");
        string? against = wish == "off" ? $"{Variable} is off"
            : OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64 ? null : "only for Linux on x86-64";
        if (against is not null) return [new(MatrixKernels.Name, false, against), new(TensorMemory.Name, false, against),
            new(ThreadWaiting.Name, false, against)];
        torch.InitializeDeviceType(DeviceType.CPU);
        return [MatrixKernels.UseAvx512OnAmd(), TensorMemory.ReuseTensorMemory(), ThreadWaiting.Adapt()];
    }
}
