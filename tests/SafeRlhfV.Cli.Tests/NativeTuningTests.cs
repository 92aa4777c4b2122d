using System.Runtime.InteropServices;
using SafeRlhfV.Models;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary>The program changes native code for speed, says so, can be told not to, and goes on with another allocator.</summary>
public sealed class NativeTuningTests
{
    private static readonly bool Known = OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Allocators that people name in LD_PRELOAD, each with the changes to native code and without.</summary>
    public static IEnumerable<TheoryDataRow<string, string?>> Allocators =>
        from library in new[] { "libjemalloc.so.2", "libmimalloc.so.2", "libtcmalloc_minimal.so.4" }
        from wish in new[] { null, "off" }
        select new TheoryDataRow<string, string?>(library, wish);

    [Fact]
    public async Task TheVersionSaysWhatWasChanged()
    {
        CliRun run = await CliRun.Of("--version", "--verbose");
        string[] lines = run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(0, run.ExitCode);
        Assert.Equal(4, lines.Length);
        Assert.Equal((await CliRun.Of("--version")).Output.TrimEnd(), lines[0]);
        // the processor decides about the first
        Assert.StartsWith("mkl_serv_intel_cpu_true: ", lines[1]);
        Assert.StartsWith($"c10::alloc_cpu and c10::free_cpu: {(Known ? "changed" : "left alone")}, ", lines[2]);
        Assert.StartsWith("libgomp: ", lines[3]);
    }

    [Fact]
    public async Task OffChangesNothing()
    {
        CliRun run = await CliRun.With(NativeTuning.Variable, "off", "--version", "--verbose");
        Assert.Equal(0, run.ExitCode);
        Assert.All(run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1),
            line => Assert.EndsWith(": left alone, SAFERLHFV_NATIVE is off", line));
    }

    [Fact]
    public async Task AnotherValueIsRefused() =>
        (await CliRun.With(NativeTuning.Variable, "on", "model", "info", Golden.At("models", "llava-1.5-tiny"))).MustRefuse("SAFERLHFV_NATIVE", "'on'",
            "'off'");

    [Theory, MemberData(nameof(Allocators))]
    public async Task TrainingRunsWithAnotherAllocator(string library, string? wish)
    {
        string? path = new[] { "/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib" }.Select(folder => Path.Combine(folder, library))
            .FirstOrDefault(File.Exists);
        Assert.SkipWhen(!Known || path is null, $"{library} is not installed");
        (string, string?)[] environment = [("LD_PRELOAD", path), (NativeTuning.Variable, wish)];
        CliRun version = await CliRun.With(environment, "--version", "--verbose");
        Assert.Contains(wish is null ? "c10::alloc_cpu and c10::free_cpu: left alone, lib" : "SAFERLHFV_NATIVE is off", version.Output);
        using TemporaryFolder folder = new();
        CliRun run = await CliRun.With(environment, "train", "sft", "--model", Golden.At("models", "llava-1.5-tiny"), "--data",
            Golden.At("beavertails-v", "paired"), "--out", folder.At("run"), "--set", "training.max_steps=3");
        Assert.True(run.ExitCode == 0, run.Errors);
    }
}
