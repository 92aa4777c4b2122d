using System.Runtime.InteropServices;

namespace SafeRlhfV.Training;

/// <summary>An MPI library of this machine. It is loaded and asked for its version, and not started.</summary>
/// <param name="Abi">Open MPI, MPICH, or standard ABI: how its constants are laid out.</param>
/// <param name="File">The name by which it is loaded.</param>
/// <param name="Version">What it says of itself, in one line.</param>
public sealed unsafe record MpiLibrary(string Abi, string File, string Version)
{
    // MPICH's; others say less
    private const int LongestVersion = 8192;

    /// <summary>Those that are found by name.</summary>
    public static IReadOnlyList<MpiLibrary> Find() =>
        [.. MpiAbi.Files(openMpiFirst: false).Select(Open).OfType<MpiLibrary>().DistinctBy(library => library.Version)];

    private static MpiLibrary? Open(string name)
    {
        if (!NativeLibrary.TryLoad(name, out nint handle)) return null;
        return new MpiLibrary(MpiAbi.Of(handle).Name, name, VersionOf(handle));
    }

    // may be asked before MPI_Init
    private static string VersionOf(nint handle)
    {
        byte[] text = new byte[LongestVersion + 1];
        int length = 0;
        if (!NativeLibrary.TryGetExport(handle, "MPI_Get_library_version", out nint get)) return "of an unknown version";
        fixed (byte* start = text)
        {
            if (((delegate* unmanaged<byte*, int*, int>)get)(start, &length) != 0) return "of an unknown version";
            string words = Marshal.PtrToStringUTF8((nint)start) ?? "";
            string line = words.Split('\n')[0].Replace("\t", " ", StringComparison.Ordinal).Trim();
            return line.Split(", package")[0].Replace("MPICH Version: ", "MPICH ", StringComparison.Ordinal);
        }
    }
}
