using System.Text.RegularExpressions;

namespace SafeRlhfV.Models;

/// <summary>
/// The files of a libtorch that lies outside the program: <c>torch/lib</c> of a Python package, or <c>lib</c> of an archive from pytorch.org.
/// </summary>
internal sealed partial class TorchFolder
{
    /// <summary>The version that TorchSharp's bridge is built against; another one has other functions behind the same names.</summary>
    public const string Needed = "2.10";

    public const string Cuda = "libtorch_cuda.so";

    private const string Advice = "name the folder of libtorch's files, such as .../site-packages/torch/lib";

    private static readonly string[] Required = ["libc10.so", "libtorch_cpu.so", "libtorch.so"];

    private static readonly string[] RequiredByCuda = ["libc10_cuda.so", Cuda];

    private TorchFolder(string path) => Path = path;

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Whether it computes on NVIDIA GPUs.</summary>
    public bool HasCuda => Holds(Cuda);

    /// <summary>The libraries in the order in which they are loaded: each after those that it needs.</summary>
    public IEnumerable<string> Libraries =>
        ((string[])[.. Required[..^1], .. HasCuda ? RequiredByCuda : [], Required[^1]]).Select(name => System.IO.Path.Combine(Path, name));

    /// <summary>Looks at a folder's files. Nothing is loaded.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="variable">What named it, for messages.</param>
    /// <exception cref="InvalidInputException">A file is missing, or the version is another one.</exception>
    public static TorchFolder Open(string path, string variable)
    {
        string at = $"{variable}={path}";
        if (!Directory.Exists(path)) throw new InvalidInputException($"{at}: there is no such folder; {Advice}.");
        TorchFolder folder = new(System.IO.Path.GetFullPath(path));
        string below = System.IO.Path.Combine(path, "lib");
        if (!folder.Holds(Required[0]) && File.Exists(System.IO.Path.Combine(below, Required[0])))
            throw new InvalidInputException($"{at}: the files are in its folder lib; name {below}.");
        string[] missing = [.. Required.Concat(folder.HasCuda ? RequiredByCuda : []).Where(name => !folder.Holds(name))];
        string verb = missing.Length == 1 ? "is" : "are";
        if (missing.Length > 0) throw new InvalidInputException($"{at}: {string.Join(", ", missing)} {verb} missing; {Advice}.");
        folder.CheckVersion(at);
        return folder;
    }

    /// <summary>Whether a version is the one that is needed.</summary>
    public static bool Fits(string version) => version.StartsWith(Needed + ".", StringComparison.Ordinal);

    /// <summary>A file of libtorch in a folder; null where there is none.</summary>
    public static string? FileIn(string folder) => Required.Select(name => System.IO.Path.Combine(folder, name)).FirstOrDefault(File.Exists);

    private bool Holds(string name) => File.Exists(System.IO.Path.Combine(Path, name));

    // loading another version ends the process at the first function that it lacks, so that the version is read before
    private void CheckVersion(string at)
    {
        string parent = System.IO.Path.GetDirectoryName(Path) ?? Path;
        foreach ((string name, Regex pattern) in ((string, Regex)[])[("version.py", PythonVersion()), ("build-version", PlainVersion())])
        {
            string file = System.IO.Path.Combine(parent, name);
            if (!File.Exists(file)) continue;
            if (pattern.Match(File.ReadAllText(file)) is not { Success: true } match)
                throw new InvalidInputException($"{at}: {file} does not say which version of torch this is.");
            string version = match.Groups[1].Value;
            if (!Fits(version))
                throw new InvalidInputException($"{at}: this is torch {version} ({file}), and {Needed} is needed: pip install \"torch=={Needed}.*\".");
            return;
        }
        throw new InvalidInputException(
            $"{at}: neither version.py nor build-version lies in {parent}, so its version is not known; name torch/lib of a whole torch {Needed}.");
    }

    [GeneratedRegex("""^__version__\s*=\s*['"]([^'"]+)['"]""", RegexOptions.Multiline)]
    private static partial Regex PythonVersion();

    [GeneratedRegex(@"\A\s*([0-9]\S*)")]
    private static partial Regex PlainVersion();
}
