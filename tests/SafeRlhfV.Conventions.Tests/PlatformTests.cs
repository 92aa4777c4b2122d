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

    [Fact]
    public void TheLauncherForWindowsHasItsLineEnds()
    {
        string text = File.ReadAllText(Path.Combine(Golden.RepositoryRoot(), "safe-rlhf-v.cmd"));
        Assert.Equal(text.ReplaceLineEndings("\r\n"), text);
    }

    private static async Task<string> ReadAsync(string property)
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", ["msbuild", Path.Combine("src", "SafeRlhfV.Cli", "SafeRlhfV.Cli.csproj"), property,
            "-getItem:PackageReference", "-getProperty:TorchBridgeName", "-getProperty:HasTorchPackage"])
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
