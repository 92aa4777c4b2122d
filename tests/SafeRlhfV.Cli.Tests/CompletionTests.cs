using System.Diagnostics;
using SafeRlhfV.Testing;

namespace SafeRlhfV.Cli.Tests;

/// <summary>Each script completes in its shell, with the program's own words. A shell that is not on this machine is skipped by name.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public CompletionTests()
    {
        // the program under its name, as an installed one
        Directory.CreateDirectory(folder.At("bin"));
        string program = Path.Combine(folder.At("bin"), "safe-rlhf-v");
        File.WriteAllText(program, $"#!/bin/sh\nexec dotnet '{typeof(CliHost).Assembly.Location}' \"$@\"\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("safe-rlhf-v train sf", "sft")]
    [InlineData("safe-rlhf-v eval jud", "judge")]
    [InlineData("safe-rlhf-v train sft --conf", "--config")]
    [InlineData("safe-rlhf-v completion pow", "powershell")]
    [InlineData("safe-rlhf-v eval bench --suite pope,mm-v", "pope,mm-vet")]
    public async Task BashCompletes(string line, string expected) => Assert.Equal([expected], await RunAsync("bash", "-c", $$"""
        eval "$(safe-rlhf-v completion bash)"
        COMP_LINE='{{line}}'; COMP_POINT=${#COMP_LINE}; COMP_WORDS=($COMP_LINE); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _safe_rlhf_v; printf '%s\n' "${COMPREPLY[@]}"
        """));

    [Fact]
    public async Task BashOffersEveryCommandAfterABlank()
    {
        string[] offered = await RunAsync("bash", "-c", """
            eval "$(safe-rlhf-v completion bash)"
            COMP_LINE='safe-rlhf-v data '; COMP_POINT=${#COMP_LINE}; COMP_WORDS=(safe-rlhf-v data ''); COMP_CWORD=2
            _safe_rlhf_v; printf '%s\n' "${COMPREPLY[@]}"
            """);
        Assert.Empty(CommandTree.Create().Subcommands.Single(command => command.Name == "data").Subcommands.Select(command => command.Name).Except(offered));
    }

    [Theory]
    [InlineData("safe-rlhf-v train sf", "sft")]
    [InlineData("safe-rlhf-v train sft --conf", "--config")]
    [InlineData("safe-rlhf-v eval bench --suite pope,mm-v", "pope,mm-vet")]
    public async Task ZshCompletes(string line, string expected) => Assert.Equal([expected], await RunAsync("zsh", "-f", "-c", $$"""
        compdef() { : }; compadd() { shift; print -l -- "$@" }; _files() { print files }
        eval "$(safe-rlhf-v completion zsh)"
        words=({{line}}); CURRENT=${#words}; PREFIX=${words[-1]}
        _safe_rlhf_v
        """));

    [Theory]
    [InlineData("safe-rlhf-v train sf", "sft")]
    [InlineData("safe-rlhf-v train sft --conf", "--config")]
    [InlineData("safe-rlhf-v completion pow", "powershell")]
    [InlineData("safe-rlhf-v eval bench --suite pope,mm-v", "pope,mm-vet")]
    public async Task FishCompletes(string line, string expected) => Assert.Equal([expected], await RunAsync("fish", "--no-config", "-c",
        $"safe-rlhf-v completion fish | source; complete -C '{line}'"));

    [Fact]
    public async Task FishOffersFilesWhereTheProgramSuggestsNothing()
    {
        File.WriteAllText(folder.At("recipe-of-mine.yaml"), "");
        Assert.Equal([folder.At("recipe-of-mine.yaml")], await RunAsync("fish", "--no-config", "-c",
            $"safe-rlhf-v completion fish | source; complete -C 'safe-rlhf-v train sft --config {folder.At("recipe-of")}'"));
    }

    [Theory]
    [InlineData("safe-rlhf-v train sf", "sft")]
    [InlineData("safe-rlhf-v train sft --conf", "--config")]
    public async Task PowerShellCompletes(string line, string expected) => Assert.Equal([expected], await RunAsync("pwsh", "-NoProfile", "-NonInteractive",
        "-Command", $"safe-rlhf-v completion powershell | Out-String | Invoke-Expression; "
            + $"(TabExpansion2 -inputScript '{line}' -cursorColumn {line.Length}).CompletionMatches.CompletionText"));

    /// <summary>Every option with a known set of values offers them.</summary>
    [Theory]
    [InlineData("data validate x --for ", "sft", "guard")]
    [InlineData("data validate x --family ", "qwen2_5_vl", "llava")]
    [InlineData("data convert x --to ", "trl", "parquet")]
    [InlineData("plan --gpu ", "h100-80gb", "l4")]
    [InlineData("align --gpu ", "h100-80gb", "l4")]
    [InlineData("align --from ", "policy", "split")]
    [InlineData("align --skip ", "guard", "sft")]
    [InlineData("align --suite ", "mm-safetybench", "pope")]
    [InlineData("align --suite pope,", "pope,mm-safetybench", "pope,mm-vet")]
    [InlineData("demo --stage ", "pairs", "grpo")]
    [InlineData("generate --dtype ", "bfloat16", "float32")]
    [InlineData("generate --device ", "cpu", "cuda")]
    [InlineData("generate --chat-format ", "llava-1.5", "qwen2-vl")]
    [InlineData("model convert x --dtype ", "bfloat16", "float32")]
    [InlineData("model convert x --layout ", "hub", "memory")]
    [InlineData("model info x --dtype ", "bfloat16", "float32")]
    [InlineData("eval bench --suite ", "mm-safetybench", "pope")]
    [InlineData("eval bench --scorer ", "guard", "guard-prompts")]
    [InlineData("eval bench --as ", "lmms-eval", "vlmevalkit")]
    [InlineData("eval bench --show-rubric ", "all", "mm-vet")]
    [InlineData("eval score --suite ", "mm-safetybench", "pope")]
    [InlineData("eval compare x --suite ", "mm-safetybench", "pope")]
    [InlineData("eval compare x --suite pope,mm-vet,m", "pope,mm-vet,mm-safetybench")]
    [InlineData("eval preference --as ", "reward", "cost")]
    [InlineData("eval judge --json-mode ", "schema", "object")]
    [InlineData("certify --by ", "severity", "category")]
    public void ValuesOfAKnownSetAreOffered(string line, params string[] some)
    {
        string[] offered = [.. CommandTree.Create().Parse(line).GetCompletions(line.Length).Select(one => one.InsertText ?? one.Label)];
        Assert.Empty(some.Except(offered, StringComparer.OrdinalIgnoreCase));
        Assert.DoesNotContain(offered, one => one.StartsWith("--", StringComparison.Ordinal) || one.Split(',').Distinct().Count() < one.Split(',').Length);
    }

    [Fact]
    public async Task AnotherShellIsRefused() => await CliRun.Refused("ksh", "completion", "ksh");

    private async Task<string[]> RunAsync(string shell, params string[] arguments)
    {
        string[] places = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        Assert.SkipUnless(places.Any(place => File.Exists(Path.Combine(place, shell))), $"there is no {shell} on this machine");
        using Process process = Process.Start(new ProcessStartInfo(shell, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["PATH"] = $"{folder.At("bin")}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}" },
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        string errors = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(errors.Length == 0, errors);
        return (await output).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
