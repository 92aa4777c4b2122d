namespace SafeRlhfV.Training;

/// <summary>A GPU as its driver describes it.</summary>
/// <param name="Name">Its name, such as NVIDIA H100 80GB HBM3.</param>
/// <param name="Bytes">All of its memory.</param>
/// <param name="FreeBytes">What of it is free; null where no CUDA runtime is loaded to ask.</param>
/// <param name="ComputeCapability">Such as 9.0; 8.0 and above compute in bfloat16.</param>
public sealed record GpuDevice(string Name, long Bytes, long? FreeBytes, string ComputeCapability);
