using System.Globalization;
using System.Runtime.InteropServices;
using SafeRlhfV.Models;

namespace SafeRlhfV.Training;

/// <summary>How much memory a device has to give.</summary>
public static class DeviceMemory
{
    // cudaDevAttrComputeCapabilityMajor
    private const int CapabilityMajor = 75;

    /// <summary>What a device of this machine has for this process (on the CPU, with what it has taken already); null where it cannot be told.</summary>
    public static long? Free(string device) => !DeviceName.TryParse(device, out int? gpu) ? null : gpu is { } number ? FreeCuda(number) : FreeHost();

    /// <summary>All memory of this machine; null where the system does not tell.</summary>
    public static long? OfHost() => Kibibytes("/proc/meminfo", "MemTotal:");

    /// <summary>
    /// Whether a device computes in bfloat16: the CPU does, and GPUs of compute capability 8.0 and above. One that cannot be asked is taken to.
    /// </summary>
    public static bool HasBfloat16(string device) => !DeviceName.TryParse(device, out int? gpu) || gpu is not { } number
        || ComputeCapability(number) is null or >= 8;

    /// <summary>The most memory that this process has had, in bytes; null where the system does not tell.</summary>
    public static long? PeakOfProcess() => Kibibytes("/proc/self/status", "VmHWM:");

    // what this process has already is counted in the plan
    private static long? FreeHost()
    {
        if (Kibibytes("/proc/meminfo", "MemAvailable:") is not { } free) return null;
        if (FreeOfGroup() is { } left) free = Math.Min(free, left);
        return free + Environment.WorkingSet;
    }

    // a container's limit (control groups of version 2, or 1); what its files take of it is given back when it is needed
    private static long? FreeOfGroup()
    {
        foreach ((string limit, string taken, string stat, string field) in ((string, string, string, string)[])
            [("memory.max", "memory.current", "memory.stat", "inactive_file "),
                ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file ")])
            if (Number(limit) is { } most && Number(taken) is { } now) return most - now + (Number(stat, field) ?? 0);
        return null;

        static long? Number(string name, string field = "") => NumberIn(Path.Combine("/sys/fs/cgroup", name), field);
    }

    private static long? Kibibytes(string file, string field) => NumberIn(file, field) is { } kibibytes ? kibibytes << 10 : null;

    // the number of the first line that begins so; kB may stand after it
    private static long? NumberIn(string file, string start)
    {
        if (!File.Exists(file)) return null;
        string? line = File.ReadLines(file).FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal));
        return line is not null && long.TryParse(line.AsSpan(start.Length).Trim().TrimEnd("kB").Trim(), NumberStyles.None, CultureInfo.InvariantCulture,
            out long number) ? number : null;
    }

    private static unsafe long? FreeCuda(int number)
    {
        foreach (nint handle in CudaRuntimes())
        {
            if (!NativeLibrary.TryGetExport(handle, "cudaSetDevice", out nint set) || !NativeLibrary.TryGetExport(handle, "cudaMemGetInfo", out nint info))
                continue;
            nuint free, all;
            if (((delegate* unmanaged<int, int>)set)(number) == 0 && ((delegate* unmanaged<nuint*, nuint*, int>)info)(&free, &all) == 0) return (long)free;
        }
        return null;
    }

    private static unsafe int? ComputeCapability(int number)
    {
        foreach (nint handle in CudaRuntimes())
        {
            int major;
            if (NativeLibrary.TryGetExport(handle, "cudaDeviceGetAttribute", out nint attribute)
                && ((delegate* unmanaged<int*, int, int, int>)attribute)(&major, CapabilityMajor, number) == 0) return major;
        }
        return null;
    }

    private static IEnumerable<nint> CudaRuntimes()
    {
        foreach (string library in (string[])["libcudart.so.12", "libcudart.so.13", "libcudart.so", "cudart64_12.dll"])
            if (NativeLibrary.TryLoad(library, out nint handle)) yield return handle;
    }
}
