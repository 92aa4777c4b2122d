namespace SafeRlhfV.Training;

/// <summary>How a library's handles and constants look in memory.</summary>
/// <param name="Name">For messages.</param>
/// <param name="World">MPI_COMM_WORLD.</param>
/// <param name="Byte">MPI_BYTE.</param>
/// <param name="Serialized">MPI_THREAD_SERIALIZED.</param>
internal sealed record MpiAbi(string Name, nint World, nint Byte, int Serialized)
{
    /// <summary>MPI 5.0, section 20: handles are small numbers, the same in all libraries. Not run with a real library yet.</summary>
    public static MpiAbi Standard { get; } = new("standard ABI", 0x101, 0x247, 2048);

    /// <summary>MPICH and what keeps its ABI (Intel MPI, MVAPICH, Cray MPICH): numbers of 32 bits.</summary>
    public static MpiAbi Mpich { get; } = new("MPICH", 0x44000000, 0x4c00010d, 2);

    /// <summary>Open MPI: addresses of exported objects.</summary>
    /// <param name="address">Finds an export.</param>
    public static MpiAbi OpenMpi(Func<string, nint> address) => new("Open MPI", address("ompi_mpi_comm_world"), address("ompi_mpi_byte"), 2);
}
