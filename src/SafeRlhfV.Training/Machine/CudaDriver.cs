using System.Globalization;
using System.Runtime.InteropServices;

namespace SafeRlhfV.Training;

/// <summary>NVIDIA's driver and its devices, asked through libcuda itself: it is there with the driver, whether or not a libtorch with CUDA is.</summary>
/// <param name="Version">The newest CUDA that the driver runs, such as 12.8.</param>
/// <param name="Devices">Its GPUs.</param>
/// <param name="Fault">Why it has none; null where it has.</param>
public sealed unsafe record CudaDriver(Version Version, IReadOnlyList<GpuDevice> Devices, string? Fault)
{
    private const string Library = "libcuda.so.1";
    private const int CapabilityMajor = 75, CapabilityMinor = 76, NameBytes = 256;

    /// <summary>The driver of this machine; null where there is none.</summary>
    public static CudaDriver? Find()
    {
        if (!NativeLibrary.TryLoad(Library, out nint driver)) return null;
        int number = 0, count = 0;
        if (Ask(driver, "cuDriverGetVersion", &number) is { } unknown) return new(new Version(0, 0), [], unknown);
        Version version = new(number / 1000, number % 1000 / 10);
        if (!NativeLibrary.TryGetExport(driver, "cuInit", out nint start)) return new(version, [], $"{Library} has no cuInit");
        if (((delegate* unmanaged<uint, int>)start)(0) is not 0 and int code) return new(version, [], Words("cuInit", code));
        if (Ask(driver, "cuDeviceGetCount", &count) is { } fault) return new(version, [], fault);
        GpuDevice[] devices = [.. Enumerable.Range(0, count).Select(index => Describe(driver, index))];
        return new(version, devices, count == 0 ? "it shows no device (CUDA_VISIBLE_DEVICES?)" : null);
    }

    private static GpuDevice Describe(nint driver, int index)
    {
        int device = 0;
        nuint bytes = 0;
        byte* name = stackalloc byte[NameBytes];
        name[0] = 0;
        if (NativeLibrary.TryGetExport(driver, "cuDeviceGet", out nint get)) _ = ((delegate* unmanaged<int*, int, int>)get)(&device, index);
        if (NativeLibrary.TryGetExport(driver, "cuDeviceGetName", out nint getName))
            _ = ((delegate* unmanaged<byte*, int, int, int>)getName)(name, NameBytes, device);
        if (NativeLibrary.TryGetExport(driver, "cuDeviceTotalMem_v2", out nint total)) _ = ((delegate* unmanaged<nuint*, int, int>)total)(&bytes, device);
        Version capability = new(Attribute(driver, CapabilityMajor, device), Attribute(driver, CapabilityMinor, device));
        return new GpuDevice(Marshal.PtrToStringUTF8((nint)name) ?? "", (long)bytes, DeviceMemory.Free($"cuda:{index}"), capability.ToString());
    }

    private static int Attribute(nint driver, int attribute, int device)
    {
        int value = 0;
        if (NativeLibrary.TryGetExport(driver, "cuDeviceGetAttribute", out nint get))
            _ = ((delegate* unmanaged<int*, int, int, int>)get)(&value, attribute, device);
        return value;
    }

    // functions that put one number somewhere; says what went wrong
    private static string? Ask(nint driver, string function, int* value)
    {
        if (!NativeLibrary.TryGetExport(driver, function, out nint address)) return $"{Library} has no {function}";
        int code = ((delegate* unmanaged<int*, int>)address)(value);
        return code == 0 ? null : Words(function, code);
    }

    private static string Words(string function, int code) => string.Create(CultureInfo.InvariantCulture, $"{function} says {code}") + code switch
    {
        100 => " (no device)",
        101 => " (no such device)",
        803 => " (the driver does not fit its kernel module)",
        _ => "",
    };
}
