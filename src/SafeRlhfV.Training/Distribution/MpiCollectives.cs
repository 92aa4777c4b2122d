using System.Runtime.InteropServices;

namespace SafeRlhfV.Training;

/// <summary>
/// An MPI library as its C functions, without a shim: the library is found by name, and its kind of handles by its exports. All calls but <see cref="Abort"/>
/// come from one thread.
/// </summary>
internal sealed unsafe class MpiCollectives : ICollectives
{
    private readonly nint library;
    private readonly string path;
    private readonly MpiAbi abi;
    private bool ended;

    private MpiCollectives(nint library, string path)
    {
        (this.library, this.path) = (library, path);
        abi = MpiAbi.Of(library);
        int got;
        Check(((delegate* unmanaged[Cdecl]<void*, void*, int, int*, int>)Find("MPI_Init_thread"))(null, null, abi.Serialized, &got), "MPI_Init_thread");
        if (got < abi.Serialized)
            throw new InvalidInputException($"{Library} lets one thread alone use it (thread level {got}); take a build with thread support.");
        int number;
        Check(((delegate* unmanaged[Cdecl]<nint, int*, int>)Find("MPI_Comm_rank"))(abi.World, &number), "MPI_Comm_rank");
        Rank = number;
        Check(((delegate* unmanaged[Cdecl]<nint, int*, int>)Find("MPI_Comm_size"))(abi.World, &number), "MPI_Comm_size");
        Size = number;
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <inheritdoc/>
    public string Library => $"{abi.Name} ({path})";

    /// <summary>Loads a library and joins the other ranks.</summary>
    /// <param name="named">The library's path; null = the first one found.</param>
    /// <param name="isOpenMpi">Whether Open MPI is looked for first: its launcher started this process.</param>
    /// <exception cref="InvalidInputException">There is none, or it cannot be used.</exception>
    public static MpiCollectives Join(string? named, bool isOpenMpi)
    {
        if (MpiLibrary.Load(named, isOpenMpi).FirstOrDefault() is (string file, not 0) found) return new MpiCollectives(found.Handle, file);
        throw new InvalidInputException(named is not null
            ? $"{Launcher.LibraryVariable}: {named} cannot be loaded."
            : $"no MPI library was found (looked for {string.Join(", ", MpiAbi.Files(isOpenMpi))}); "
                + $"install openmpi or mpich, or name it in {Launcher.LibraryVariable}.");
    }

    /// <inheritdoc/>
    public void AllGather(nint own, nint all, int bytes)
    {
        var call = (delegate* unmanaged[Cdecl]<nint, int, nint, nint, int, nint, nint, int>)Find("MPI_Allgather");
        Check(call(own, bytes, abi.Byte, all, bytes, abi.Byte, abi.World), "MPI_Allgather");
    }

    /// <inheritdoc/>
    public void Gather(nint own, nint all, int bytes)
    {
        var call = (delegate* unmanaged[Cdecl]<nint, int, nint, nint, int, nint, int, nint, int>)Find("MPI_Gather");
        Check(call(own, bytes, abi.Byte, all, bytes, abi.Byte, 0, abi.World), "MPI_Gather");
    }

    /// <inheritdoc/>
    public void AllToAll(nint sent, nint received, int bytes)
    {
        var call = (delegate* unmanaged[Cdecl]<nint, int, nint, nint, int, nint, nint, int>)Find("MPI_Alltoall");
        Check(call(sent, bytes, abi.Byte, received, bytes, abi.Byte, abi.World), "MPI_Alltoall");
    }

    /// <inheritdoc/>
    public void Abort(int code) => _ = ((delegate* unmanaged[Cdecl]<nint, int, int>)Find("MPI_Abort"))(abi.World, code);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (ended) return;
        ended = true;
        Check(((delegate* unmanaged[Cdecl]<int>)Find("MPI_Finalize"))(), "MPI_Finalize");
    }

    private nint Find(string function) => NativeLibrary.TryGetExport(library, function, out nint address)
        ? address : throw new InvalidInputException($"{path}: has no {function}, so it is no MPI library that can be used.");

    private void Check(int error, string function)
    {
        if (error != 0) throw new InvalidOperationException($"{function} of {Library} failed with error {error}.");
    }
}
