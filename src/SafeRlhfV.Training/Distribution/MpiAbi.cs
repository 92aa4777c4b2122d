using System.Runtime.InteropServices;

namespace SafeRlhfV.Training;

/// <summary>How a library's handles and constants look in memory.</summary>
/// <param name="Name">For messages.</param>
/// <param name="World">MPI_COMM_WORLD.</param>
/// <param name="Byte">MPI_BYTE.</param>
/// <param name="Serialized">MPI_THREAD_SERIALIZED.</param>
internal sealed unsafe record MpiAbi(string Name, nint World, nint Byte, int Serialized)
{
    // MPICH's are also those of what keeps its ABI; Debian's has a name of its own
    private static readonly string[] OpenMpiFiles = ["libmpi.so.40"], MpichFiles = ["libmpi.so.12", "libmpich.so.12"], StandardFiles = ["libmpi_abi.so.1"];

    // MPI 5.0, section 20: handles are small numbers, the same in all libraries; not run with a real library yet
    private static readonly MpiAbi Standard = new("standard ABI", 0x101, 0x247, 2048);

    // numbers of 32 bits
    private static readonly MpiAbi Mpich = new("MPICH", 0x44000000, 0x4c00010d, 2);

    /// <summary>Names under which libraries are loaded, in the order in which they are tried.</summary>
    /// <param name="openMpiFirst">Whether Open MPI comes before MPICH.</param>
    public static IReadOnlyList<string> Files(bool openMpiFirst) =>
        openMpiFirst ? [.. OpenMpiFiles, .. MpichFiles, .. StandardFiles] : [.. MpichFiles, .. OpenMpiFiles, .. StandardFiles];

    /// <summary>That of a loaded library, by its exports, as mpi4py tells them apart.</summary>
    public static MpiAbi Of(nint library)
    {
        if (NativeLibrary.TryGetExport(library, "MPI_Abi_get_version", out nint get))
        {
            int major = 0, minor = 0;
            if (((delegate* unmanaged[Cdecl]<int*, int*, int>)get)(&major, &minor) == 0 && major > 0) return Standard;
        }
        // Open MPI's handles are addresses of exported objects
        return NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out nint world) && NativeLibrary.TryGetExport(library, "ompi_mpi_byte", out nint type)
            ? new("Open MPI", world, type, 2) : Mpich;
    }
}
