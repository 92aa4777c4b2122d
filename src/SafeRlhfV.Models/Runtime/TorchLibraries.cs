using System.Globalization;
using System.Runtime.InteropServices;
using TorchSharp;

namespace SafeRlhfV.Models;

/// <summary>
/// Loads libtorch, once, by a call of the program's own host. A build that has no libtorch in its folder (<c>-p:Device=cuda</c>) takes the one that an
/// environment variable names: its libraries are loaded first, and TorchSharp's bridge, which names them without a folder, is then bound to them.
/// </summary>
public static class TorchLibraries
{
    /// <summary>The environment variable that names the folder of another libtorch, such as torch/lib of a Python package with CUDA.</summary>
    public const string Variable = "SAFERLHFV_LIBTORCH";

    private const string Bridge = "libLibTorchSharp.so", Torch = "libtorch_cpu.so";

    private static readonly Lazy<LoadedTorch> Loaded = new(LoadOnce);

    // where the program's own native libraries lie: as it is built, and as it is published for one system
    private static string[] Places => [Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native"), AppContext.BaseDirectory];

    // where no libtorch can be named, the one that the program was built with is missing
    private static bool CanBeNamed => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Whether the environment names a libtorch.</summary>
    public static bool IsNamed => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 };

    /// <summary>Loads libtorch. Calling it again does nothing, or fails again.</summary>
    /// <returns>What was loaded.</returns>
    /// <exception cref="InvalidInputException">
    /// The folder named lacks a file or is another version, the program has a libtorch of its own beside it, or a library does not load.
    /// </exception>
    public static LoadedTorch Load() => Loaded.Value;

    private static LoadedTorch LoadOnce()
    {
        TorchFolder? named = IsNamed ? Preload(Environment.GetEnvironmentVariable(Variable)!) : null;
        Initialize(named);
        string file = LoadedLibrary.PathOf(Torch) ?? "", folder = named?.Path ?? Path.GetDirectoryName(file) ?? "";
        bool cuda = File.Exists(Path.Combine(folder, TorchFolder.Cuda));
        return new LoadedTorch(folder, VersionOf(file) ?? "of an unknown version", named is null, cuda, cuda ? CudaFault() : null);
    }

    // a build with CUDA computes on the CPU, too, so that this is no reason to stop
    private static string? CudaFault()
    {
        try
        {
            torch.InitializeDeviceType(DeviceType.CUDA);
            return null;
        }
        catch (Exception error) when (error is not InvalidInputException)
        {
            return FirstLine(error);
        }
    }

    private static TorchFolder Preload(string path)
    {
        if (!CanBeNamed)
            throw new InvalidInputException($"{Variable} works on Linux on x86-64 alone.");
        TorchFolder folder = TorchFolder.Open(path, Variable);
        // the process would end with two copies of libtorch, as soon as the second one registers its operators
        if (Places.Select(TorchFolder.FileIn).OfType<string>().FirstOrDefault() is { } own)
            throw new InvalidInputException(
                $"{Variable} is set, and this program has a libtorch of its own ({own}); two in one process end it. Build with -p:Device=cuda, or unset it.");
        if (LoadedLibrary.PathOf(Torch) is { } loaded)
            throw new InvalidInputException($"{Variable} is set, and another libtorch is loaded already ({loaded}).");
        string bridge = Places.Select(place => Path.Combine(place, Bridge)).FirstOrDefault(File.Exists)
            ?? throw new InvalidInputException($"{Bridge} is missing in {Places[0]}; build the program again.");
        foreach (string library in folder.Libraries)
        {
            Open(library);
            // version.py may be another one's
            if (Path.GetFileName(library) == Torch && VersionOf(library) is { } version && !TorchFolder.Fits(version))
                throw new InvalidInputException($"{Variable}={path}: {library} is of torch {version}, and {TorchFolder.Needed} is needed.");
        }
        Open(bridge);
        return folder;
    }

    private static void Initialize(TorchFolder? named)
    {
        string mend = named is not null ? $"{Variable} names {named.Path}"
            : !CanBeNamed ? $"build the program for {RuntimeInformation.RuntimeIdentifier}; libtorch is packaged for linux-x64, win-x64 and osx-arm64"
            : $"this program has no libtorch in its folder: name one by {Variable}, such as .../site-packages/torch/lib, or build without -p:Device=cuda";
        // TorchSharp would say at length on stdout that it finds none
        bool none = OperatingSystem.IsLinux() && named is null && Places.All(place => TorchFolder.FileIn(place) is null);
        if (none && !NativeLibrary.TryLoad("libtorch.so", out _))
            throw new InvalidInputException($"libtorch is not found; {mend}.");
        try
        {
            torch.InitializeDeviceType(DeviceType.CPU);
        }
        catch (Exception error) when (error is not InvalidInputException)
        {
            throw new InvalidInputException($"libtorch does not load ({FirstLine(error)}); {mend}.", error);
        }
    }

    private static void Open(string library)
    {
        try
        {
            NativeLibrary.Load(library);
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            // the loader's own words come last
            throw new InvalidInputException($"{library} does not load: {error.Message.Trim().Split('\n')[^1].Trim()}", error);
        }
    }

    /// <summary>The version that a loaded libtorch gives itself; null where it does not.</summary>
    private static unsafe string? VersionOf(string library)
    {
        if (library.Length == 0 || !NativeLibrary.TryLoad(library, out nint handle)) return null;
        if (!NativeLibrary.TryGetExport(handle, "aoti_torch_abi_version", out nint function)) return null;
        ulong version = ((delegate* unmanaged<ulong>)function)();
        return string.Create(CultureInfo.InvariantCulture, $"{version >> 56}.{(version >> 48) & 255}.{(version >> 40) & 255}");
    }

    private static string FirstLine(Exception error)
    {
        while (error is TypeInitializationException { InnerException: { } inner }) error = inner;
        return error.Message.Split('\n')[0].Trim().TrimEnd('.');
    }
}
