using System.Diagnostics;
using System.Text.Json.Nodes;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Conventions.Tests;

/// <summary>Which libtorch a program takes (build/LibTorch.targets); <c>./build.sh publish</c> makes and checks the programs themselves.</summary>
public sealed class PlatformTests
{
    [Theory]
    [InlineData("", "libtorch-cpu-linux-x64", true)]
    [InlineData("linux-x64", "libtorch-cpu-linux-x64", true)]
    [InlineData("win-x64", "libtorch-cpu-win-x64", false)]
    [InlineData("osx-arm64", "libtorch-cpu-osx-arm64", false)]
    [InlineData("linux-arm64", null, false)]
    public async Task AProgramTakesTheLibtorchOfItsSystem(string system, string? package, bool isMended)
    {
        JsonNode read = JsonNode.Parse(await ReadAsync($"-p:RuntimeIdentifier={system}"))!;
        Assert.Equal(package is null ? [] : [package], read["Items"]!["PackageReference"]!.AsArray().Select(one => (string)one!["Identity"]!)
            .Where(name => name.StartsWith("libtorch", StringComparison.Ordinal)));
        Assert.Equal(isMended, ((string?)read["Properties"]!["TorchBridgeName"])!.Length > 0);
        Assert.Equal(package is null ? "" : "true", (string?)read["Properties"]!["HasTorchPackage"]);
    }

    /// <summary>A build that copies the native bridge anew (--no-incremental) mends it anew, whatever was mended before.</summary>
    [Fact]
    public async Task TheBridgeIsMendedAsOftenAsItIsCopied()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The bridge is mended on Linux alone.");
        using TemporaryFolder folder = new();
        JsonNode read = JsonNode.Parse(await BuildAsync("-getProperty:NuGetPackageRoot", "-getItem:PackageVersion"))!;
        string version = (string)read["Items"]!["PackageVersion"]!.AsArray().First(one => (string)one!["Identity"]! == "TorchSharp")!["Version"]!;
        const string Bridge = "runtimes/linux-x64/native/libLibTorchSharp.so";
        byte[] original = File.ReadAllBytes(Path.Combine((string)read["Properties"]!["NuGetPackageRoot"]!, "torchsharp", version.Trim('[', ']'), Bridge));
        string copy = folder.At(Bridge);
        Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
        for (int build = 0; build < 2; build++)
        {
            File.WriteAllBytes(copy, original);
            await BuildAsync("-t:MendTorchBridge", $"-p:OutDir={folder.Path}/");
            byte[] mended = File.ReadAllBytes(copy);
            Assert.Equal(original.Length, mended.Length);
            // one flag of one version need is set: that it may be missing
            int at = Assert.Single(Enumerable.Range(0, mended.Length), at => mended[at] != original[at]);
            Assert.Equal(original[at] | 2, mended[at]);
        }
    }

    [Fact]
    public void TheLauncherForWindowsHasItsLineEnds()
    {
        string text = File.ReadAllText(Path.Combine(Golden.RepositoryRoot(), "safe-rlhf-v.cmd"));
        Assert.Equal(text.ReplaceLineEndings("\r\n"), text);
    }

    private static Task<string> ReadAsync(string property) =>
        BuildAsync(property, "-getItem:PackageReference", "-getProperty:TorchBridgeName", "-getProperty:HasTorchPackage");

    private static async Task<string> BuildAsync(params string[] options)
    {
        string[] arguments = ["msbuild", Path.Combine("src", "SafeRlhfV.Cli", "SafeRlhfV.Cli.csproj"), .. options];
        using Process process = Process.Start(new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = Golden.RepositoryRoot(),
            RedirectStandardOutput = true,
        })!;
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, process.ExitCode);
        return output;
    }
}
