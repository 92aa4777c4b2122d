namespace SafeRlhfV.Models;

/// <summary>The libtorch that this process has loaded.</summary>
/// <param name="Folder">The folder of its files.</param>
/// <param name="Version">Its version, such as 2.10.0.</param>
/// <param name="IsOwn">Whether it lies in the program's folder; false: the environment names it.</param>
/// <param name="HasCuda">Whether it is a build with CUDA.</param>
/// <param name="CudaFault">Why a build with CUDA computes on the CPU alone; null where CUDA works, or the build has none.</param>
public sealed record LoadedTorch(string Folder, string Version, bool IsOwn, bool HasCuda, string? CudaFault);
