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

    /// <summary>Those that training can load: the one that <see cref="Launcher.LibraryVariable"/> names, or all that are found.</summary>
    public static IReadOnlyList<MpiLibrary> Find() =>
        [.. Load(Environment.GetEnvironmentVariable(Launcher.LibraryVariable), openMpiFirst: true)
            .Select(found => new MpiLibrary(MpiAbi.Of(found.Handle).Name, found.File, VersionOf(found.Handle))).DistinctBy(library => library.Version)];

    /// <summary>Loads those that are found, one after the other as they are asked for.</summary>
    /// <param name="named">The one to load; null or empty = those of known names.</param>
    /// <param name="openMpiFirst">Whether Open MPI comes before MPICH.</param>
    internal static IEnumerable<(string File, nint Handle)> Load(string? named, bool openMpiFirst) =>
        (string.IsNullOrEmpty(named) ? MpiAbi.Files(openMpiFirst) : [named])
            .Select(file => (file, NativeLibrary.TryLoad(file, out nint handle) ? handle : 0)).Where(found => found.Item2 != 0);

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
