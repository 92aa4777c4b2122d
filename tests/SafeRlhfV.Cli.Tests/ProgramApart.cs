using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary>
/// The program as a build with -p:Device=cuda leaves it, without a libtorch, and that libtorch in a folder of its own as a Python package has it.
/// Files are links.
/// </summary>
public sealed partial class ProgramApart : IDisposable
{
    private const string Package = "libtorch-cpu-linux-x64/";

    private readonly TemporaryFolder folder = new();
    private readonly string natives = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native");
    private readonly string[] torchFiles;

    public ProgramApart()
    {
        string dependencies = Path.Combine(AppContext.BaseDirectory, "safe-rlhf-v.deps.json");
        JsonNode root = JsonNode.Parse(File.ReadAllText(dependencies))!;
        List<string> files = [];
        JsonObject[] lists = [.. root["targets"]!.AsObject().Select(target => target.Value!.AsObject()), root["libraries"]!.AsObject()];
        foreach (JsonObject packages in lists)
            foreach ((string name, JsonNode? package) in packages.Where(one => one.Key.StartsWith(Package, StringComparison.Ordinal)).ToArray())
            {
                files.AddRange(package!["runtimeTargets"]?.AsObject().Select(file => Path.GetFileName(file.Key)) ?? []);
                packages.Remove(name);
            }
        torchFiles = [.. files];
        foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory)) Link(file, Path.Combine(Program, Path.GetFileName(file)));
        foreach (string file in Directory.EnumerateFiles(natives).Where(file => !torchFiles.Contains(Path.GetFileName(file))))
            Link(file, Path.Combine(Program, "runtimes", "linux-x64", "native", Path.GetFileName(file)));
        File.Delete(Path.Combine(Program, "safe-rlhf-v.deps.json"));
        File.WriteAllText(Path.Combine(Program, "safe-rlhf-v.deps.json"), root.ToJsonString());
        Torch = MakeTorch("torch", "2.10.0+cu128");
    }

    /// <summary>The program's folder.</summary>
    public string Program => folder.At("program");

    /// <summary>torch/lib.</summary>
    public string Torch { get; }

    /// <summary>Another torch/lib.</summary>
    /// <param name="name">Its folder's name.</param>
    /// <param name="version">What version.py says; null = there is none.</param>
    /// <param name="without">A file to leave out.</param>
    public string MakeTorch(string name, string? version, string? without = null)
    {
        foreach (string file in torchFiles.Where(file => file != without)) Link(Path.Combine(natives, file), folder.At(name, "lib", file));
        string words = $"from typing import Optional\n__all__ = ['__version__', 'debug']\n__version__ = '{version}'\ndebug = False\n";
        if (version is not null) File.WriteAllText(folder.At(name, "version.py"), words);
        return folder.At(name, "lib");
    }

    /// <inheritdoc/>
    public void Dispose() => folder.Dispose();

    private static void Link(string file, string link)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(link)!);
        if (LinkFile(file, link) != 0) File.Copy(file, link); // on another disk
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int LinkFile(string file, string link);
}
