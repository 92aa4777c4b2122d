using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace SafeRlhfV.Objectives;

/// <summary>Functions of the native libraries that TorchSharp has loaded, and the memory of tensors.</summary>
public static unsafe class TorchLibrary
{
    private const string Bridge = "LibTorchSharp";

    /// <summary>The address of a function that TorchSharp's bridge or a library under it exports; 0 where there is none.</summary>
    public static nint Find(string function)
    {
        InitializeDeviceType(TorchSharp.DeviceType.CPU);
        return NativeLibrary.TryLoad(Bridge, typeof(TorchLibrary).Assembly, null, out nint library)
            && NativeLibrary.TryGetExport(library, function, out nint address) ? address : 0;
    }

    /// <summary>
    /// Whether kernels of our own may work on these tensors: float32 on the CPU, one number after another in memory. Others keep to torch's operations.
    /// </summary>
    public static bool HasPlainFloats(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (Tensor tensor in tensors)
            if (tensor.dtype != ScalarType.Float32 || tensor.device_type != TorchSharp.DeviceType.CPU || !tensor.is_contiguous()) return false;
        return true;
    }

    /// <summary>The first number of a float32 tensor on the CPU. The tensor must outlive its use.</summary>
    public static float* Floats(Tensor tensor) => (float*)Data(tensor.Handle);

    /// <summary>The first number of an int64 tensor on the CPU. The tensor must outlive its use.</summary>
    public static long* Longs(Tensor tensor) => (long*)Data(tensor.Handle);

    [DllImport(Bridge, EntryPoint = "THSTensor_data")]
    private static extern nint Data(nint tensor);
}
