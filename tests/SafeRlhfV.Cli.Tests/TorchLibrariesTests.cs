using System.Text.Json;
using SafeRlhfV.Models;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary>A libtorch outside the program's folder is loaded, or refused by name; nothing fails in silence or by ending the process.</summary>
public sealed class TorchLibrariesTests(ProgramApart apart) : IClassFixture<ProgramApart>
{
    private static readonly string[] Info = ["model", "info", Golden.At("models", "llava-1.5-tiny"), "--load", "--json"];

    private Task<CliRun> Run(string? torch, params string[] arguments) =>
        CliRun.OfProgram(Path.Combine(apart.Program, "safe-rlhf-v.dll"), [(TorchLibraries.Variable, torch)], arguments);

    [Fact]
    public async Task ANamedLibtorchIsUsedInPlaceOfTheOwnOne()
    {
        CliRun doctor = await Run(apart.Torch, "doctor", "--json"), own = await CliRun.Of("doctor", "--json");
        Assert.True(doctor.ExitCode == 0, doctor.Errors);
        JsonElement torch = doctor.Json.GetProperty("torch");
        Assert.Equal(apart.Torch, torch.GetProperty("folder").GetString());
        Assert.False(torch.GetProperty("isOwn").GetBoolean());
        Assert.True(own.Json.GetProperty("torch").GetProperty("isOwn").GetBoolean());
        Assert.Equal(own.Json.GetProperty("torch").GetProperty("version").GetString(), torch.GetProperty("version").GetString());
        // the functions to be changed are found in that libtorch, too
        Assert.Equal(own.Json.GetProperty("nativeChanges").GetRawText(), doctor.Json.GetProperty("nativeChanges").GetRawText());
        CliRun info = await Run(apart.Torch, Info);
        Assert.True(info.ExitCode == 0, info.Errors);
        Assert.Equal((await CliRun.Of(Info)).Json.GetProperty("model").GetRawText(), info.Json.GetProperty("model").GetRawText());
    }

    [Fact]
    public async Task AProgramWithoutLibtorchSaysSo()
    {
        (await Run(null, Info)).MustRefuse("libtorch is not found", TorchLibraries.Variable, "-p:Device=cuda");
        CliRun doctor = await Run(null, "doctor");
        Assert.Equal(CliHost.CheckFailed, doctor.ExitCode);
        Assert.Contains(TorchLibraries.Variable, doctor.Output);
        // verbs that need no tensors run all the same
        Assert.Equal(0, (await Run(null, "data", "categories")).ExitCode);
    }

    [Fact]
    public async Task TwoLibtorchsAreRefusedBeforeTheyEndTheProcess() =>
        (await CliRun.With(TorchLibraries.Variable, apart.Torch, Info))
            .MustRefuse(TorchLibraries.Variable, "libc10.so", "a libtorch of its own", "-p:Device=cuda");

    [Theory]
    [InlineData("2.9.1", "torch 2.9.1")]
    [InlineData("2.100.0", "torch 2.100.0")]
    [InlineData("3.2.10", "torch 3.2.10")]
    [InlineData(null, "version.py")]
    public async Task AnotherVersionIsRefused(string? version, string said) =>
        (await Run(apart.MakeTorch($"torch-{version ?? "none"}", version), Info)).MustRefuse(TorchLibraries.Variable, said, "2.10");

    [Theory]
    [InlineData("libc10.so")]
    [InlineData("libtorch_cpu.so")]
    [InlineData("libtorch.so")]
    public async Task AMissingFileIsNamed(string name) =>
        (await Run(apart.MakeTorch($"without-{name}", "2.10.0", name), Info)).MustRefuse(TorchLibraries.Variable, $"{name} is missing");

    [Fact]
    public async Task AFileThatDoesNotLoadIsNamed()
    {
        string lib = apart.MakeTorch("damaged", "2.10.1", "libtorch.so");
        File.WriteAllText(Path.Combine(lib, "libtorch.so"), "version https://git-lfs.github.com/spec/v1\n");
        (await Run(lib, Info)).MustRefuse(Path.Combine(lib, "libtorch.so"), "does not load");
        // half of a build with CUDA
        string half = apart.MakeTorch("half", "2.10.0");
        File.WriteAllText(Path.Combine(half, "libtorch_cuda.so"), "");
        (await Run(half, Info)).MustRefuse("libc10_cuda.so is missing");
        CliRun doctor = await Run(half, "doctor", "--json");
        Assert.Equal(CliHost.CheckFailed, doctor.ExitCode);
        Assert.Contains("libc10_cuda.so", doctor.Json.GetProperty("cpuFault").GetString());
    }

    [Fact]
    public async Task TheFolderAboveIsPointedToItsFiles()
    {
        string above = Path.GetDirectoryName(apart.Torch)!;
        (await Run(above, Info)).MustRefuse($"name {apart.Torch}");
        (await Run("/nowhere", Info)).MustRefuse("/nowhere", "no such folder");
        // also where a verb needs tensors for shapes alone
        string recipe = Path.Combine(Golden.RepositoryRoot(), "recipes", "paper", "sft.yaml");
        (await Run("/nowhere", "plan", "--config", recipe, "--model", "llava-1.5-7b-hf", "--name", "x")).MustRefuse("/nowhere");
    }
}
